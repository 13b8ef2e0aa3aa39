"""QM9: properties of molecules."""
