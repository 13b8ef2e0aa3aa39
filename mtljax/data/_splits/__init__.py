"""Splits: arrays in memory, files, and the order of their examples."""
