"""The programs, which are run from the command line. Only they read flags."""
