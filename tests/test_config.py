"""The settings: environment before file before default; a refusal names the setting, not its value."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from loyalty_pos.config import load_config
from loyalty_pos.errors import BadInput

SECRET = "thirty-two characters of a secret"


def test_defaults_are_an_sqlite_file_and_a_key_of_its_own(tmp_path: Path) -> None:
    env = {"LOYALTY_POS_DATA": str(tmp_path / "var")}
    config = load_config(env)
    assert config.database_url == f"sqlite:///{tmp_path / 'var' / 'loyalty.db'}"
    assert config.public_url == "http://127.0.0.1:8080"
    assert (config.backup_every, config.backup_copy) == (15, None)
    key = tmp_path / "var" / "secret.key"
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert len(config.secret_key) >= 32
    assert load_config(env).secret_key == config.secret_key
    seal = tmp_path / "var" / "seal.key"
    assert stat.S_IMODE(seal.stat().st_mode) == 0o600
    assert load_config(env).seal_key == config.seal_key != config.secret_key


def test_the_environment_comes_before_the_file(tmp_path: Path) -> None:
    file = tmp_path / "loyalty.toml"
    file.write_text(f'data = "{tmp_path}"\nport = 9001\nhost = "0.0.0.0"\nsecret_key = "{SECRET}"\nlog = "x.log"\n')
    env = {"LOYALTY_POS_CONFIG": str(file), "LOYALTY_POS_PORT": "9002"}
    config = load_config(env)
    assert (config.port, config.host, config.secret_key) == (9002, "0.0.0.0", SECRET.encode())
    assert config.public_url == "http://0.0.0.0:9002"
    assert config.log == Path("x.log")


def test_doctor_sees_everything_but_the_secrets(tmp_path: Path) -> None:
    config = load_config({
        "LOYALTY_POS_DATA": str(tmp_path), "LOYALTY_POS_SECRET_KEY": SECRET,
        "LOYALTY_POS_DATABASE_URL": "postgresql+psycopg://shop:hunter2@db/loyalty",
    })  # fmt: skip
    shown = " ".join(config.shown().values())
    assert "hunter2" not in shown
    assert SECRET not in shown
    assert "shop:••••@db" in shown


@pytest.mark.parametrize(
    ("name", "value"),
    [("port", "x"), ("port", "65536"), ("port", "-1"), ("backup_every", "1441"), ("backup_every", "often"),
     ("secret_key", "short"), ("seal_key", "short"), ("public_url", "ftp://x"),
     ("config", "/no/such/file.toml")],
)  # fmt: skip
def test_a_wrong_setting_is_named(tmp_path: Path, name: str, value: str) -> None:
    env = {"LOYALTY_POS_DATA": str(tmp_path), "LOYALTY_POS_SECRET_KEY": SECRET, f"LOYALTY_POS_{name.upper()}": value}
    with pytest.raises(BadInput) as refusal:
        load_config(env)
    assert refusal.value.code == "setting_invalid"
    assert list(refusal.value.errors) == [name]
    assert value not in str(refusal.value)


def test_a_file_with_an_unknown_setting_or_no_toml_is_refused(tmp_path: Path) -> None:
    for text in ("colour = 1\n", "not toml"):
        (tmp_path / "x.toml").write_text(text)
        with pytest.raises(BadInput):
            load_config({"LOYALTY_POS_CONFIG": str(tmp_path / "x.toml")})


def test_a_damaged_key_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "secret.key").write_text("cut")
    with pytest.raises(BadInput):
        load_config({"LOYALTY_POS_DATA": str(tmp_path)})
