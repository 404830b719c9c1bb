"""Floor 1: PostgreSQL. Rows stay in here; what goes out are the frozen values of `core`.

Each module is one noun. Functions take an open `Connection` and never commit: the caller's
transaction (`store.engine.transaction`) decides what belongs together.
"""
