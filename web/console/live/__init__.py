"""What is decided now, and what waits."""
