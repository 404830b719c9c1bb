"""`pointsman doctor`."""
