"""Functions that read files, tables and cells."""
