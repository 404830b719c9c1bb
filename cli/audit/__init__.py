"""`pointsman audit`: who changed what."""
