"""The console: pages for agents and ops, rendered here, over the functions that the API calls."""
