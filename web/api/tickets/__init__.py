"""Tickets in, their records and lists out."""
