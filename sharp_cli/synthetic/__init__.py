"""Generated data: phantoms, lesions and look-alikes, and radiographs made for training.

Nothing here trains or evaluates a model.
"""
