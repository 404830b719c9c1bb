"""`pointsman demo`: the whole system on real tickets."""
