"""The error of a failed check."""


class CheckError(Exception):
    """The error of a check that failed."""
