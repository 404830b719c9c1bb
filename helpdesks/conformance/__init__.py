"""What shows that helpdesks are understood: recorded deliveries, and strict stubs of their APIs."""
