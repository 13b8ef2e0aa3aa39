"""A table in a CSV file."""
