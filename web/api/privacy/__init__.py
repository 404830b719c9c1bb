"""Erasure of tickets and customers."""
