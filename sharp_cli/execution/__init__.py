"""Where work runs: devices, and the only two pools, processes of this machine and a Ray cluster.

Nothing here knows what the work is.
"""
