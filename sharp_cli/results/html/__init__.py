"""Results as web pages: one self-contained HTML file per study, and an index."""
