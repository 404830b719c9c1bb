"""One ticket: why it went where it went, and what people make of that."""
