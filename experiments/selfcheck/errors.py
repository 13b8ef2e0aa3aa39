"""The error of a failed check."""


class CheckError(Exception):
    """A check failed."""
