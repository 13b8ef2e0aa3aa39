"""A service that answers over HTTP."""
