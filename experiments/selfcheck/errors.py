"""What a check raises."""


class CheckError(Exception):
    """What a check found wrong."""
