"""Model bundles: finding, checking and writing them, and their transfer between machines.

Nothing here looks into weights: they are files with checksums.
"""
