"""Runs the migrations on the connection that storage/migrate.py hands over."""

from alembic import context

from loyalty_pos.storage.tables import metadata

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=metadata, transaction_per_migration=True)
with context.begin_transaction():
    context.run_migrations()
