"""The console in a real browser on real processes, as each role uses it."""
