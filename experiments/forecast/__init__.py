"""Forecast one series with the help of another."""
