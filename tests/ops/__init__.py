"""What the files in `ops` and `deploy` are checked with; `make check-ops` fetches it."""
