"""The HTTP API, `/v1/…`: thin doors to what `store` and `router` do."""
