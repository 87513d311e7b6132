"""Archives of radiographs: which files are there, which belong together, and what is done."""
