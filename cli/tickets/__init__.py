"""`pointsman tickets`: in, shown, again."""
