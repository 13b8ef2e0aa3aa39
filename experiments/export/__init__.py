"""A trained run as a file."""
