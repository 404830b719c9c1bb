"""Why a ticket went where it went, and what would have changed it."""
