"""Rules: edited, checked, tried, looked back at."""
