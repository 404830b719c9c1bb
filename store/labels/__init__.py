"""Changes of labels, asked for and carried out, and how labels fare."""
