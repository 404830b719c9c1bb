"""Decisions as they are made, as server-sent events."""
