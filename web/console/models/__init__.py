"""The versions of the model: what each is worth, and which one serves."""
