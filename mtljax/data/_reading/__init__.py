"""Reading files, tables and cells."""
