"""`pointsman rules`: from labels to departments."""
