"""`pointsman review`: what waits for a person."""
