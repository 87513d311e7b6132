"""From files to scored studies: finding files, grouping them, and the stages in their order.

Nothing here writes results, or starts other processes.
"""
