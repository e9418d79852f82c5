"""What the service tells of itself, and what it keeps to itself (contract.md sections 1 and 4)."""

from __future__ import annotations

import json
import logging
import re
from pathlib import Path

import pytest
from actions import Till, basket, ok, problem
from flask import Flask
from flask.testing import FlaskClient

from loyalty_pos.api import observe
from loyalty_pos.app import SystemClock, SystemIds, create_app
from loyalty_pos.config import Config


def test_a_request_is_one_json_line_without_personal_data(till: Till, capfd: pytest.CaptureFixture[str]) -> None:
    """No query string, no path with its values, no key, no name, no number."""
    handler = logging.StreamHandler()
    handler.setFormatter(observe.JsonLines())
    log = logging.getLogger("loyalty_pos")
    log.addHandler(handler)
    try:
        ok(till.enrol(name="Nguyễn Thị Lan", phone="0901234567"), 201)
        till.get("/members/1?q=0901234567")
        till.client.get("/m/1-abcdefghijklmnopqrstuv")
    finally:
        log.removeHandler(handler)
    written = capfd.readouterr().err
    for secret in ("Lan", "901234567", "abcdefghijkl", till.key, "/members/1"):
        assert secret not in written
    first = json.loads(written.splitlines()[0])
    assert (first["method"], first["route"], first["status"]) == ("POST", "/api/v1/members", 201)
    assert (first["caller"], first["terminal"], first["store"]) == ("terminal", "hn-01-1", "hn-01")


def test_metrics_count_by_route_and_never_by_value(till: Till) -> None:
    def metrics() -> str:
        return till.client.get("/metrics").get_data(as_text=True)

    def quotes(text: str) -> float:
        quoted = re.search(
            r'^loyalty_pos_requests_total{method="POST",route="/api/v1/quotes",status="200"} (.+)$', text, re.M
        )
        return float(quoted[1]) if quoted else 0

    before = quotes(metrics())
    ok(till.quote(basket()))
    till.get("/members/4711")
    till.client.get("/no/such/place")
    text = metrics()
    assert quotes(text) == before + 1
    assert 'route="(none)",status="404"' in text
    assert "/4711" not in text
    assert "/no/such" not in text


def test_alive_is_not_ready(client: FlaskClient) -> None:
    assert ok(client.get("/healthz")) == {"status": "ok"}
    assert ok(client.get("/readyz")) == {"status": "ok"}


def test_a_database_that_was_not_migrated_is_not_ready(tmp_path: Path) -> None:
    config = Config(data=tmp_path, database_url=f"sqlite:///{tmp_path / 'empty.db'}", secret_key=b"s" * 32)
    app = create_app(config)
    answer = app.test_client().get("/readyz")
    problem(answer, 503, "not_migrated")
    assert "Retry-After" in answer.headers
    ok(app.test_client().get("/healthz"))
    app.extensions["loyalty_pos"].store.close()


def test_every_answer_carries_the_hardening_headers(client: FlaskClient) -> None:
    for path in ("/healthz", "/api/v1/tiers", "/docs", "/login", "/nothing"):
        headers = client.get(path).headers
        assert headers["X-Content-Type-Options"] == "nosniff", path
        assert headers["Referrer-Policy"] == "no-referrer", path
        assert "default-src 'none'" in headers["Content-Security-Policy"], path
        assert "no-store" in headers["Cache-Control"], path
        assert "Strict-Transport-Security" not in headers


def test_behind_https_cookies_are_secure_and_browsers_stay_there(tmp_path: Path, sqlite_template: Path) -> None:
    config = Config(
        data=tmp_path, database_url=f"sqlite:///{tmp_path / 'x.db'}", secret_key=b"s" * 32,
        public_url="https://loyalty.example",
    )  # fmt: skip
    app: Flask = create_app(config)
    assert app.config["SESSION_COOKIE_SECURE"] is True
    assert "max-age" in app.test_client().get("/healthz").headers["Strict-Transport-Security"]
    app.extensions["loyalty_pos"].store.close()


def test_the_log_may_go_to_a_file(tmp_path: Path) -> None:
    observe.log_to(tmp_path / "logs" / "loyalty.log")
    logging.getLogger("loyalty_pos").info("started")
    observe.log_to(None)
    line = json.loads((tmp_path / "logs" / "loyalty.log").read_text())
    assert (line["event"], line["level"]) == ("started", "info")


def test_the_machines_own_clock_and_chance() -> None:
    assert SystemClock().now().tzinfo is not None
    ids = SystemIds()
    assert len(ids.digits(15)) == 15
    assert ids.digits(15).isdigit()
    assert len(ids.secret()) >= 43
    assert ids.secret() != ids.secret()
