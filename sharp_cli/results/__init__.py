"""What a command found: a document of records, and every form that it is written in.

Nothing here runs a model.
"""
