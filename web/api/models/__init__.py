"""Model versions, training, drift, and figures of the running system."""
