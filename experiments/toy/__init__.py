"""Two losses in a plane."""
