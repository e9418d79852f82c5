"""Opens the database that a URL names: an SQLite file, or PostgreSQL."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from loyalty_pos.errors import Unavailable
from loyalty_pos.storage.tx import Store


def is_postgresql(url: str) -> bool:
    """Whether a URL names a PostgreSQL database."""
    try:
        return make_url(url).get_backend_name() == "postgresql"
    except ArgumentError:
        return False


def open_store(url: str) -> Store:
    """A store for ``sqlite:///file`` or ``postgresql+psycopg://...``.

    Raises Unavailable (``database_unknown``) for any other kind.
    """
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite" and parsed.database:
        from loyalty_pos.storage.sqlite import SqliteStore

        Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
        return SqliteStore(url)
    if parsed.get_backend_name() == "postgresql":
        from loyalty_pos.storage.postgres import PostgresStore

        return PostgresStore(parsed.set(drivername="postgresql+psycopg").render_as_string(hide_password=False))
    raise Unavailable("database_unknown")
