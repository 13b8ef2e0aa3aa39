"""Repeat a comparison for several values of one field."""
