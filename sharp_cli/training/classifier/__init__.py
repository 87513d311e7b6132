"""Training of classifiers from labels, by the paper's protocol: folds, heads, thresholds, bundle.

Nothing here computes patches otherwise than scoring does.
"""
