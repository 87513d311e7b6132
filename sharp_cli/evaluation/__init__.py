"""How good the stages are: results against annotations."""
