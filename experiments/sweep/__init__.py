"""Repeat a comparison for several values of one field of the config."""
