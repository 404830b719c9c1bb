"""What people read after a training."""
