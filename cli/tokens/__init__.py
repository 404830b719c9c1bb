"""`pointsman tokens`: who may call the API."""
