"""The REST door: `v1.api` is mounted at /api/v1/. Over actions and queries only; errors are problem+json."""
