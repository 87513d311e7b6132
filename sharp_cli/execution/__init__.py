"""The two pools that work runs in: processes of one machine, and a Ray cluster.

What the work is, is not known here.
"""
