"""Reading files and cells."""
