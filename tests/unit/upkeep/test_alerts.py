"""An alert is told once, to the file and to a real server on loopback; what fails there stops nothing."""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from optimization.errors import StockplanError
from orchestration.outcomes import Code, ConfigurationError
from orchestration.production_settings import AlertSettings
from orchestration.settings import Settings
from orchestration.upkeep.alerts import (
    Alert,
    alerting,
    alerts_file,
    forget_alerts,
    raise_alert,
    run_alert,
    webhook_url,
)

CANARY = "CANARY-7f3a"
DAY = date(2024, 1, 31)
FAILED = run_alert("run-1", DAY, Code.GATE_REFUSED, "2024-01-31 was refused")
Answer = Callable[[BaseHTTPRequestHandler], None]


def _settings(home: Path, url: str | None = None, **alerts: Any) -> Settings:
    return Settings(
        home=home,
        alerts=AlertSettings(
            webhook_url=SecretStr(url) if url else None, webhook_timeout_seconds=1, **alerts
        ),
    )


def _lines(settings: Settings) -> list[dict[str, Any]]:
    return [json.loads(line) for line in alerts_file(settings).read_text(encoding="utf-8").splitlines()]


@contextmanager
def _webhook(answer: Answer) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """A server on loopback; yields its secret address and what it was sent."""
    received: list[dict[str, Any]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            received.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            answer(self)

        def log_message(self, *told: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/{CANARY}", received
        server.shutdown()


def _status(code: int) -> Answer:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(code)
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    return answer


def _nothing(handler: BaseHTTPRequestHandler) -> None:
    time.sleep(5)


def _byte_by_byte(handler: BaseHTTPRequestHandler) -> None:
    """Each byte comes within the socket's time-out, the answer as a whole never does."""
    try:
        for _ in range(50):
            handler.wfile.write(b"H")
            handler.wfile.flush()
            time.sleep(0.2)
    except OSError:
        return


def test_an_alert_is_a_line_and_a_message_once(tmp_path: Path) -> None:
    with _webhook(_status(204)) as (url, received):
        settings = _settings(tmp_path, url)
        assert [raise_alert(FAILED, settings) for _ in range(3)] == [True, False, False]
    assert [(one["run_id"], one["reason_code"], one["business_date"]) for one in _lines(settings)] == [
        ("run-1", "GATE_REFUSED", "2024-01-31")
    ]
    assert [one["text"] for one in received] == ["Stockplan: GATE_REFUSED: 2024-01-31 was refused"]
    assert received[0]["run_id"] == "run-1"


def test_many_who_notice_at_once_tell_it_once(tmp_path: Path) -> None:
    settings = _settings(tmp_path)
    with ThreadPoolExecutor(8) as pool:
        told = list(pool.map(lambda n: raise_alert(FAILED, settings), range(40)))
    assert sum(told) == 1
    assert len(_lines(settings)) == 1


@pytest.mark.parametrize(
    ("answer", "fault"),
    [
        (_status(500), "it answered 500"),
        (_nothing, "no answer in time|TimeoutError|timed out"),
        (_byte_by_byte, "no answer in time|BadStatusLine|TimeoutError"),
        (lambda handler: handler.connection.close(), "."),
    ],
    ids=["error", "hang", "byte by byte", "cut"],
)
def test_a_webhook_that_fails_is_told_in_the_file_and_stops_nothing(
    tmp_path: Path, answer: Answer, fault: str
) -> None:
    with _webhook(answer) as (url, _):
        settings = _settings(tmp_path, url)
        started = time.monotonic()
        assert raise_alert(FAILED, settings)
        assert time.monotonic() - started < 3
    first, second = _lines(settings)
    assert first["key"] == "run:run-1"
    assert second["key"] == "webhook:run:run-1"
    assert re.search(fault, second["message"])
    assert CANARY not in alerts_file(settings).read_text()


def test_a_port_where_nobody_listens_is_told_too(tmp_path: Path) -> None:
    settings = _settings(tmp_path, f"http://127.0.0.1:9/{CANARY}")
    assert raise_alert(FAILED, settings)
    assert "Connection refused" in _lines(settings)[1]["message"]
    assert CANARY not in alerts_file(settings).read_text()


@pytest.mark.parametrize(
    "url", [f"file:///{CANARY}", f"{CANARY}", f"http://[{CANARY}", "https://", "ftp://x/y"]
)
def test_an_address_that_is_none_is_refused_without_being_repeated(tmp_path: Path, url: str) -> None:
    with pytest.raises(ConfigurationError) as told:
        webhook_url(_settings(tmp_path, url).alerts)
    assert CANARY not in str(told.value)
    settings = _settings(tmp_path, url)
    assert raise_alert(FAILED, settings)
    assert len(_lines(settings)) == 2


def test_the_address_may_lie_in_a_file_of_the_service(tmp_path: Path) -> None:
    file = tmp_path / "webhook"
    file.write_text("https://alerts.example/x\n")
    file.chmod(0o600)
    assert webhook_url(AlertSettings(webhook_url_file=file)) == "https://alerts.example/x"
    file.chmod(0o644)
    with pytest.raises(ConfigurationError, match="chmod 600"):
        webhook_url(AlertSettings(webhook_url_file=file))


def test_what_needs_no_repair_pages_nobody(tmp_path: Path) -> None:
    settings = _settings(tmp_path)
    for code in (Code.ALREADY_RUNNING, Code.CANCELLED):
        assert not raise_alert(Alert(f"x:{code}", code, "told"), settings)
    assert not alerts_file(settings).exists()


def test_a_command_that_fails_is_told_and_goes_on_failing(tmp_path: Path) -> None:
    settings = _settings(tmp_path)
    with pytest.raises(StockplanError, match="no such thing"), alerting(settings, DAY):
        raise StockplanError("no such thing")
    with alerting(settings, DAY):
        pass
    (line,) = _lines(settings)
    assert (line["reason_code"], line["message"], line["business_date"]) == (
        "REQUEST_REFUSED",
        "no such thing",
        "2024-01-31",
    )


def test_old_alerts_leave_the_file_and_broken_lines_with_them(tmp_path: Path) -> None:
    settings = _settings(tmp_path)
    raise_alert(FAILED, settings)
    raise_alert(run_alert("run-2", DAY, Code.NO_PLAN, "no plan"), settings)
    with alerts_file(settings).open("a") as file:
        file.write('{"at": "2020-01-01T00:00:00+00:00", "key": "old"}\n{"at": torn\n')
    now = datetime.now(UTC)
    assert forget_alerts(settings, now - timedelta(days=1)) == 2
    assert [one["run_id"] for one in _lines(settings)] == ["run-1", "run-2"]
    assert forget_alerts(settings, now + timedelta(days=1)) == 2
    assert forget_alerts(_settings(tmp_path / "elsewhere"), now) == 0
