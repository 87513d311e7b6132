"""The version of the package, as results and bundles cite it."""

__version__ = "0.1.0"
