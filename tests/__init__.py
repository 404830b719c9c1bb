"""A package of its own, because a dependency installs a `tests` package beside itself."""
