"""Text entry: accuracy, and time per word."""
