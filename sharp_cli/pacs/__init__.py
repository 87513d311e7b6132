"""Archives of images in hospitals (PACS): fetching studies, being sent them, storing results."""
