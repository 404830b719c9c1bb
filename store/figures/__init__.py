"""What is counted and estimated over many decisions."""
