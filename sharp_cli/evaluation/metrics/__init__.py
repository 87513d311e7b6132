"""Metrics as pure functions of arrays and records: of classification, of detection, resampled.

All that training may import of `sharp_cli.evaluation`: nothing here reads files or runs a model.
"""
