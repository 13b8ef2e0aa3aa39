"""The programs: the only readers of flags."""
