"""`pointsman drift`."""
