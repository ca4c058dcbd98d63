"""What `stockplan doctor` looks at on a server: databases, web server, alerts, secrets."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import yaml

from optimization.errors import StockplanError
from orchestration.cli.service import is_loopback
from orchestration.findings import Finding
from orchestration.secret_file import read_secret
from orchestration.settings import Settings, settings_file
from orchestration.upkeep.dagster_home import check_run_storage, dagster_folder

# Settings that hold a secret, which no file of settings should.
_SECRETS = (("source", "postgres", "url"), ("serving", "url"), ("dagster", "url"), ("alerts", "webhook_url"))


def service_findings(settings: Settings) -> Iterable[Finding]:
    """Return what concerns an installation that runs unattended."""
    yield from _secrets(settings)
    yield _storage(settings)
    yield _automation(settings)
    yield _serving(settings)
    yield _web(settings)
    yield _alerts(settings)


def _secrets(settings: Settings) -> Iterator[Finding]:
    told = _told_in(settings_file())
    yield Finding(
        "secrets",
        not told,
        f"none in {settings_file().name}" if not told else f"{', '.join(told)} in {settings_file().name}",
        "move them into files of their own (…_file), which only the service may read, or the environment",
    )
    files = {
        "source.postgres.url_file": settings.source.postgres.url_file,
        "serving.url_file": settings.serving.url_file,
        "dagster.url_file": settings.dagster.url_file,
        "alerts.webhook_url_file": settings.alerts.webhook_url_file,
    }
    for name, path in files.items():
        if path is not None:
            found = f"{name}: {path} is the service's alone"
            yield _attempt("secrets", found, partial(read_secret, path, name))
    folder = dagster_folder(settings)
    if folder.is_dir():
        is_own = folder.stat().st_mode & 0o077 == 0
        found = f"{folder} is the service's alone" if is_own else f"others may enter {folder}"
        yield Finding("secrets", is_own, found, f"chmod 700 {folder}")


def _told_in(file: Path) -> list[str]:
    """The secrets that a file of settings holds, by name."""
    if not file.is_file():
        return []
    content = yaml.safe_load(file.read_text(encoding="utf-8")) or {}
    return [".".join(path) for path in _SECRETS if _at(content, path)]


def _at(content: Any, path: tuple[str, ...]) -> Any:
    for name in path:
        content = content.get(name) if isinstance(content, dict) else None
    return content


def _storage(settings: Settings) -> Finding:
    if settings.dagster.storage == "sqlite":
        return Finding("dagster", True, "runs in SQLite: for one machine, and few runs at a time")
    return _attempt("dagster", "runs in PostgreSQL, which answers", lambda: check_run_storage(settings))


def _automation(settings: Settings) -> Finding:
    told = (
        f"schedule ({settings.dagster.daily_cron} {settings.alerts.timezone}) and sensors run by themselves"
        if settings.dagster.automatic
        else "schedule and sensors wait to be switched on in the UI (dagster.automatic)"
    )
    return Finding("dagster", True, told)


def _serving(settings: Settings) -> Finding:
    if not settings.serving.is_set:
        return Finding("serving", True, "files only; no address of a database is told")
    return _attempt(
        "serving", "the database answers; stockplan db check looks closer", lambda: _reach(settings)
    )


def _reach(settings: Settings) -> None:
    from orchestration.postgres.connection import connect

    connect(
        settings.serving,
        "serving",
        application_name="stockplan-doctor",
        connect_timeout=settings.serving.connect_timeout_seconds,
    ).close()


def _web(settings: Settings) -> Finding:
    web = settings.web
    if is_loopback(web.host):
        return Finding("web", True, f"listens on {web.host}: this machine alone")
    return Finding(
        "web",
        web.allow_remote,
        f"listens on {web.host}, where others reach it; it has no log-in: a proxy must ask for one",
        "set web.host to 127.0.0.1, or web.allow_remote where a proxy stands in front",
    )


def _alerts(settings: Settings) -> Finding:
    from orchestration.upkeep.alerts import webhook_url

    due = f"a release is due at {settings.alerts.release_due:%H:%M} {settings.alerts.timezone}"
    try:
        url = webhook_url(settings.alerts)
    except StockplanError as error:
        return Finding("alerts", False, str(error), "correct `alerts` in stockplan.yaml")
    return Finding(
        "alerts", True, f"{'file and webhook' if url else 'alerts.jsonl of the home alone'}; {due}"
    )


def _attempt(subject: str, found: str, act: Callable[[], object]) -> Finding:
    """What was found when `act` succeeds, else its message, which says what to repair."""
    try:
        act()
    except StockplanError as error:
        return Finding(subject, False, str(error), "as the message says")
    return Finding(subject, True, found)
