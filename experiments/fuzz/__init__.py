"""Read damaged and hostile files with every reader of the project."""
