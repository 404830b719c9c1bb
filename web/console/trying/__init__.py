"""Rules on one ticket, before they count."""
