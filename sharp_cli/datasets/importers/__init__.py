"""Public datasets of rheumatoid arthritis, read into the tables that the other commands take.

Each dataset has a module with one function, `read_cohort(folder)`, which gives a `cohort.Cohort`:
what was understood, and in words what was not. Tables are written by `cohort.write_tables` alone.
"""
