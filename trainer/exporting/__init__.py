"""Copies of artifacts that carry a faster backend, measured before they are published."""
