"""Storms of tickets that say nearly the same."""
