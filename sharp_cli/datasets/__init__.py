"""Labels and annotations of radiographs, their splits by patient, importers of public datasets.

Nothing here runs or trains a model.
"""
