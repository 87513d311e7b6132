"""Unattended runs over many radiographs, into a folder of results that survives any interruption.

What scores a study is `scoring`'s; here it is spread over processes or machines, and kept.
"""
