"""Forecast a series with the help of another series."""
