"""Training of hand finders, joint detectors, trunks and classifiers; needs the extra `train`.

Nothing that scores imports this: what is trained leaves as a bundle.
"""
