"""`pointsman people`: who may sign in."""
