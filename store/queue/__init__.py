"""Tickets that come in and wait, and who works on which."""
