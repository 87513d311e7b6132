"""Model bundles: the store, their manifests, and their transfer between machines.

Weights are files here; only inference and training look inside.
"""
