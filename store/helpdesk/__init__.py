"""Connections to helpdesks, and where tickets were last seen in them."""
