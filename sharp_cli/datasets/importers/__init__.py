"""Public datasets of rheumatoid arthritis, read into the tables that the other commands take.

There is a module a dataset, with one function `read(folder)`. It gives a `cohort.Cohort`: what was
understood, and in words what was not. `cohort.write` makes the tables of it.
"""
