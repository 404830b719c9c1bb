"""The presets and what they are made of."""
