"""Results as pages that people look at: one self-contained HTML file a study, and an index."""
