"""Training of joint detectors."""
