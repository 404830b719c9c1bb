"""`/v1/drift`."""
