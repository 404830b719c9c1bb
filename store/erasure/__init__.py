"""Taking tickets out for good, and keeping them out."""
