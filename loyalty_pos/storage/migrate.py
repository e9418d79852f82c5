"""Brings a database to the newest migration, forward only.

A database is usable only when its migration is exactly the newest one that this code knows.
"""

from __future__ import annotations

import importlib.resources

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, create_engine
from sqlalchemy.engine import make_url
from sqlalchemy.pool import NullPool

from loyalty_pos.storage.sqlite import make_engine


def upgrade(url: str) -> str:
    """Apply what is missing; the revision the database is at afterwards."""
    engine = _engine(url)
    try:
        with engine.connect() as connection:
            config = _config()
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
            connection.commit()
            return _current(connection) or ""
    finally:
        engine.dispose()


def current(url: str) -> str | None:
    """The revision the database is at; None when it is empty."""
    engine = _engine(url)
    try:
        with engine.connect() as connection:
            return _current(connection)
    finally:
        engine.dispose()


def newest() -> str:
    """The newest revision this code knows."""
    head = ScriptDirectory.from_config(_config()).get_current_head()
    assert head is not None
    return head


def knows(revision: str) -> bool:
    """Whether this code can bring a database of this revision to the newest one."""
    return revision in {script.revision for script in ScriptDirectory.from_config(_config()).walk_revisions()}


def _current(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


def _engine(url: str) -> Engine:
    if make_url(url).get_backend_name() == "sqlite":
        return make_engine(url)
    return create_engine(make_url(url).set(drivername="postgresql+psycopg"), poolclass=NullPool)


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(importlib.resources.files("loyalty_pos.migrations")))
    return config
