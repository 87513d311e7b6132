"""What work runs on: devices, and the two pools, processes of this machine and a Ray cluster.

What the work is, is not known here.
"""
