"""`pointsman connections`: helpdesks that send tickets and take decisions."""
