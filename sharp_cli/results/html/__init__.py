"""Results as web pages: one self-contained HTML file for each study, and an index.

Nothing here loads anything from a network, neither when a page is made nor when it is read.
"""
