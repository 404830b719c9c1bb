"""`pointsman models`: versions, trials, and what agents say of their decisions."""
