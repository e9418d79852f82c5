"""The settings: the only reader of the environment and of the TOML file.

A setting is looked for in ``LOYALTY_POS_<NAME>``, then in the file that ``LOYALTY_POS_CONFIG``
names, then it has its default.  Invariant: a Config is complete and sound, or it is not made; a
refusal names the setting and never its value.
"""

from __future__ import annotations

import os
import secrets
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from loyalty_pos.errors import BadInput

PREFIX = "LOYALTY_POS_"
NAMES = (
    *("data", "database_url", "secret_key", "seal_key", "public_url", "host", "port", "log", "frame_ancestors"),
    *("backup_every", "backup_copy"),
)
SHORTEST_SECRET = 16


@dataclass(frozen=True)
class Config:
    """What is in force.  ``log`` is None for stderr, else a file that is rotated."""

    data: Path
    database_url: str
    secret_key: bytes
    seal_key: bytes = b""
    """What the ledger's seals are made with; empty: nothing is sealed here."""
    public_url: str = "http://127.0.0.1:8080"
    host: str = "127.0.0.1"
    port: int = 8080
    log: Path | None = None
    frame_ancestors: str = "'none'"
    """Who may show the till page in a frame (the content policy's own words)."""
    backup_every: int = 15
    """Minutes between two backups of an embedded database; 0: at day close alone."""
    backup_copy: Path | None = None
    """A second folder that each backup is copied to."""

    @property
    def https(self) -> bool:
        """Whether customers reach us by https: cookies are Secure then."""
        return self.public_url.startswith("https://")

    def shown(self) -> dict[str, str]:
        """The settings as ``doctor`` prints them: secrets masked."""
        return {
            "data": str(self.data),
            "database_url": _masked(self.database_url),
            "secret_key": "••••",
            "seal_key": "••••",
            "public_url": self.public_url,
            "host": self.host,
            "port": str(self.port),
            "log": str(self.log) if self.log else "stderr",
            "frame_ancestors": self.frame_ancestors,
            "backup_every": str(self.backup_every),
            "backup_copy": str(self.backup_copy) if self.backup_copy else "none",
        }


def load_config(environ: Mapping[str, str] | None = None) -> Config:
    """The settings in force; makes the data folder and, once, its ``secret.key`` and ``seal.key``.

    Raises BadInput (``setting_invalid``) naming the setting that is unknown or wrong.
    """
    env = os.environ if environ is None else environ
    given = _from_file(env.get(PREFIX + "CONFIG"))
    given |= {name: env[PREFIX + name.upper()] for name in NAMES if env.get(PREFIX + name.upper())}
    data = Path(given.get("data", "var"))
    host, port = given.get("host", "127.0.0.1"), _number("port", given.get("port", "8080"), 65535)
    public_url = given.get("public_url", f"http://{host}:{port}").rstrip("/")
    if urlsplit(public_url).scheme not in ("http", "https"):
        raise _wrong("public_url")
    return Config(
        data=data,
        database_url=given.get("database_url") or f"sqlite:///{data / 'loyalty.db'}",
        secret_key=_secret("secret", given, data),
        seal_key=_secret("seal", given, data),
        public_url=public_url,
        host=host,
        port=port,
        log=Path(given["log"]) if "log" in given else None,
        frame_ancestors=given.get("frame_ancestors", "'none'"),
        backup_every=_number("backup_every", given.get("backup_every", "15"), 1440),
        backup_copy=Path(given["backup_copy"]) if "backup_copy" in given else None,
    )


def _from_file(name: str | None) -> dict[str, str]:
    if not name:
        return {}
    try:
        raw = tomllib.loads(Path(name).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise _wrong("config") from error
    if not raw.keys() <= set(NAMES):
        raise _wrong("config")
    return {name: str(value) for name, value in raw.items()}


def _number(name: str, text: str, most: int) -> int:
    if not (text.isascii() and text.isdigit() and 0 <= int(text) <= most):
        raise _wrong(name)
    return int(text)


def _secret(name: str, given: Mapping[str, str], data: Path) -> bytes:
    """The given key, else the one in the data folder, made there on first use (mode 0600)."""
    setting = f"{name}_key"
    if setting in given:
        if len(given[setting]) < SHORTEST_SECRET:
            raise _wrong(setting)
        return given[setting].encode()
    data.mkdir(parents=True, exist_ok=True)
    path = data / f"{name}.key"
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        kept = path.read_bytes().strip()
        if len(kept) < SHORTEST_SECRET:
            raise _wrong(setting) from None
        return kept
    with os.fdopen(handle, "wb") as file:
        made = secrets.token_hex(32).encode()
        file.write(made)
    return made


def _masked(url: str) -> str:
    parts = urlsplit(url)
    if not parts.password:
        return url
    return url.replace(f":{parts.password}@", ":••••@", 1)


def _wrong(name: str) -> BadInput:
    return BadInput("setting_invalid", errors={name: ["invalid"]}, setting=name)
