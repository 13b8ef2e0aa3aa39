"""The formats: their valid files, their hostile files and their readers."""
