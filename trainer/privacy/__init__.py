"""What was erased leaves the files that trainers keep."""
