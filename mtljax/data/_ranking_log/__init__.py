"""A generated log of impressions."""
