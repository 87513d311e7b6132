"""Model bundles on their way: fetched whole or not at all, checked, and handed on."""
