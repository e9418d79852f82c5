"""PostgreSQL databases for tests: each test has one to itself, as the template is.

Making one costs more than most tests, so a test gives its one back and it is emptied for the next.  One that the
owner of its tables reached may have another schema by then: it is dropped.
"""

from __future__ import annotations

import psycopg

SERVING_ROLE = "loyalty_app"

_owned: set[str] = set()
"""Databases that their owner reached."""


def database(url: str) -> str:
    """The name of the database at an address."""
    return url.partition("?")[0].rpartition("/")[2]


def owner_url(url: str) -> str:
    """The same database as the owner of its tables reaches it."""
    _owned.add(database(url))
    return url.replace(f"//{SERVING_ROLE}:", "//postgres:")


class Databases:
    """Databases made from ``template_loyalty`` at one server (``admin``: its address)."""

    EMPTY = """
        SELECT pg_terminate_backend(pid) FROM pg_stat_activity
        WHERE datname = current_database() AND pid <> pg_backend_pid();
        SET session_replication_role = replica;
        DO $$ DECLARE name text; BEGIN
            FOR name IN SELECT quote_ident(tablename) FROM pg_tables WHERE schemaname = 'public' LOOP
                EXECUTE 'DELETE FROM ' || name;
            END LOOP;
            PERFORM setval(quote_ident(sequencename)::regclass, start_value, false)
            FROM pg_sequences WHERE schemaname = 'public' AND last_value IS NOT NULL;
        END $$;
    """

    def __init__(self, admin: str) -> None:
        self.admin = admin
        self.made = 0
        self.free: list[str] = []
        with psycopg.connect(self._url("template_loyalty"), autocommit=True) as template:
            names = [
                name for (name,) in template.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
            ]
            self.seeds = {
                name: rows for name in names if (rows := template.execute(f"SELECT * FROM {name}").fetchall())
            }

    def _url(self, name: str) -> str:
        return self.admin.replace("/postgres?", f"/{name}?")

    def take(self) -> str:
        """The address of a database as the template is."""
        return self._url(self.free.pop() if self.free else self._new())

    def _new(self) -> str:
        self.made += 1
        name = f"test_{self.made}"
        with psycopg.connect(self.admin, autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name} TEMPLATE template_loyalty STRATEGY file_copy")
        return name

    def give_back(self, url: str) -> None:
        """Empty it for another test; drop it where its owner was there."""
        name = database(url)
        if name in _owned:
            with psycopg.connect(self.admin, autocommit=True) as connection:
                connection.execute(f"DROP DATABASE {name} WITH (FORCE)")
            return
        with psycopg.connect(url) as connection:
            connection.execute(self.EMPTY)
            for table, rows in self.seeds.items():
                values = ", ".join(["%s"] * len(rows[0]))
                connection.cursor().executemany(f"INSERT INTO {table} VALUES ({values})", rows)
        self.free.append(name)
