"""From corrections to a model in service: snapshot, run, gate."""
