"""The KDD census-income data."""
