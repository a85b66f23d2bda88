"""The one process that runs day and night: its parts, its failures, its figures."""
