"""Bundles between machines: fetched, checked and published, atomically and resumably.

Nothing here knows what a bundle is for.
"""
