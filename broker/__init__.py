"""Floor 1: Redis and Celery. A message is a hint; what counts is in PostgreSQL."""
