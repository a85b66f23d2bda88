"""Alembic's entry: runs on the connection that `store.database` hands over, in its transaction."""

from alembic import context

from karez_gateway.store.schema import metadata

context.configure(
    connection=context.config.attributes["connection"], target_metadata=metadata, render_as_batch=True
)
context.run_migrations()
