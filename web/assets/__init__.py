"""What the console takes from npm, pinned in `package-lock.json`; fetched when it is installed."""
