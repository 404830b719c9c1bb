"""Labels, their levels and their thresholds."""
