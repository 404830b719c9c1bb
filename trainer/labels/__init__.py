"""Labels that change after the training."""
