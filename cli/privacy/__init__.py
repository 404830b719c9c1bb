"""`pointsman erase`."""
