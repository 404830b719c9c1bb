"""Old tickets that people labelled, to learn from."""
