"""What `benchmarks/speed.py` measures, a module a subject."""
