"""How good models are: predictions against labels and annotations, as metrics, tables and plots.

Nothing here trains a model that scores; training imports nothing of this but `metrics`.
"""
