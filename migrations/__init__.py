"""Alembic migrations, numbered once on main, forward only; installed as loyalty_pos.migrations."""
