"""What people judge, one at a time or many at once."""
