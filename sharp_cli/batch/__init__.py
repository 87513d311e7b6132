"""Unattended runs over many radiographs, into a folder of results that survives interruptions.

Nothing here knows how a study is scored.
"""
