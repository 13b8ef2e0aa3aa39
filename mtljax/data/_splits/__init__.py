"""Splits of arrays or files, and the order of their examples."""
