"""What helpdesks send by themselves."""
