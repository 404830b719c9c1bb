"""What goes out: events, the endpoints that want them, and what became of each delivery."""
