"""Changes that wait for a second person, and the audit log."""
