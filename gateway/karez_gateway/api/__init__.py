"""The read-only JSON API (docs/api.md): a process of its own beside the service, for `karez gateway api`."""
