"""`pointsman departments`: who takes tickets."""
