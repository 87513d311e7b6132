"""From a radiograph to probabilities: hands, joints, patches and classifiers, in stages.

Nothing here knows which study a radiograph belongs to, or where results go.
"""
