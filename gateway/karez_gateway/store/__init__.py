"""The gateway's database: one append-only table of entries, and what stages derive from it."""
