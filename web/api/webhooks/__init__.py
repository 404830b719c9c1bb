"""Webhooks: endpoints, their deliveries, and deliveries made again."""
