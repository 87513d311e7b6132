"""Training of the trunk that classifiers start from."""
