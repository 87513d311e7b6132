"""One file a command: its options, its help, its examples, and the calls that do its work.

Each file has `register`, which adds the command to the app; groups of commands are packages.
"""
