"""Model versions, the runs and data sets they come from, and their trials."""
