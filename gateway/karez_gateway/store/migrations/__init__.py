"""Alembic migrations, run at start; each is frozen once it has left the house."""
