"""Decisions, their storms, and what people read of them."""
