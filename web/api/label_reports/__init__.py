"""Labels that are missing, and labels that overlap."""
