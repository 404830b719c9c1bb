"""`/v1/stats`."""
