"""Rules on the tickets of a period, before they count."""
