"""Writing files atomically and reading tables.

What a file means is not known here.
"""
