"""`pointsman backup` and `pointsman restore`."""
