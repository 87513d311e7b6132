"""Writing files atomically, and reading and writing CSV tables.

Nothing here knows what a file is about.
"""
