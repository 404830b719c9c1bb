"""`pointsman train`, `retrain`, `evaluate`, `predict` and `compare`."""
