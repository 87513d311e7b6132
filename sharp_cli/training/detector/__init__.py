"""Training of joint detectors with DeepLabCut: views, folds, calibration, bundle.

Nothing here draws hands otherwise than scoring does.
"""
