"""Sign-in, sessions, people and tokens."""
