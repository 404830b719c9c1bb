"""`pointsman corrections`: what agents say."""
