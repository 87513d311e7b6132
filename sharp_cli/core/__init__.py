"""Joints, geometry, records, input sets and errors: the vocabulary of every other package.

Nothing here reads a file, runs a model or knows a stage.
"""
