"""The pages of those who run a Pointsman: people, tokens, audit, proposals, settings, erasures."""
