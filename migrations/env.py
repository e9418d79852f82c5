"""Runs the migrations on the connection that storage/migrate.py hands over.

The tables' metadata is not shown to them: its naming convention would be put on top of the names
that the migrations write out.
"""

from alembic import context

connection = context.config.attributes["connection"]
context.configure(connection=connection, transaction_per_migration=True)
with context.begin_transaction():
    context.run_migrations()
