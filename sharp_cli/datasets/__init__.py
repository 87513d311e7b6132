"""Annotations and labels, their splits by patient, and importers of public datasets."""
