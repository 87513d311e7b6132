"""What every part shares: errors, joints, geometry, records and input sets.

Nothing here reads a file, loads a model or knows a stage.
"""
