"""`pointsman webhooks`: where events go."""
