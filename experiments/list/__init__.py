"""What a config can name, from the public names and their docstrings."""
