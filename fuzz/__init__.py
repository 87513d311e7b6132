"""Fuzzing: whatever bytes a file holds, it is read or refused in words, and ends no process."""
