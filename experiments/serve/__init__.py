"""A service that answers for new rows."""
