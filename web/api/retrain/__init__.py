"""`/v1/retrain`."""
