"""From a radiograph to probabilities: hands, joints, patches and classifiers.

Takes and returns records; which study a radiograph belongs to is not known here.
"""
