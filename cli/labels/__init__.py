"""`pointsman labels`: what tickets can be about, and how far each label may go."""
