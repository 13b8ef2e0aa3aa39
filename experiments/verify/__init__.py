"""Check the files of a run."""
