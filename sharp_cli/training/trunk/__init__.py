"""Training of the trunk that classifiers start from, on synthetic lesions in intact hands.

Nothing here knows labels of patients.
"""
