"""Who hears of a day that failed or never came: lines of alerts.jsonl, and a webhook where one is told.

Each alert is told once, however many processes notice. What cannot be delivered never stops the work:
the file then says so.
"""

from __future__ import annotations

import fcntl
import json
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from urllib.parse import urlsplit

from orchestration.outcomes import Code, ConfigurationError, code_of
from orchestration.production_settings import AlertSettings
from orchestration.secret_file import read_secret
from orchestration.settings import Settings

# Who meets a date that is being worked on has nothing to repair.
_NO_ALERT = frozenset({Code.OK, Code.ALREADY_RUNNING, Code.CANCELLED, Code.USAGE})


@dataclass(frozen=True)
class Alert:
    """What somebody should look at. `key` says when two alerts are one."""

    key: str
    reason_code: Code
    message: str
    business_date: date | None = None
    run_id: str = ""


def alerts_file(settings: Settings) -> Path:
    """The file with one alert a line, the newest last."""
    return settings.home.resolve() / "alerts.jsonl"


def run_alert(run_id: str, business_date: date | None, code: Code, message: str) -> Alert:
    """Return the alert of a failed run; whoever notices it, it is one alert."""
    return Alert(f"run:{run_id}", code, message, business_date, run_id)


def raise_alert(alert: Alert, settings: Settings) -> bool:
    """Write the alert and send it, unless its key was told before; return whether it was new."""
    if alert.reason_code in _NO_ALERT or not _append(alert, alerts_file(settings)):
        return False
    if (fault := _send(alert, settings.alerts)) is not None:
        failed = Alert(f"webhook:{alert.key}", Code.CONFIGURATION, fault, alert.business_date, alert.run_id)
        _append(failed, alerts_file(settings))
    return True


@contextmanager
def alerting(settings: Settings, business_date: date | None) -> Iterator[None]:
    """Tell what the block fails with as an alert; the error goes on to whoever called."""
    try:
        yield
    except Exception as error:
        at = datetime.now(UTC).isoformat(timespec="seconds")
        run_id = getattr(error, "run_id", "")
        day = getattr(error, "as_of", business_date)
        key = f"run:{run_id}" if run_id else f"command:{at}"
        raise_alert(Alert(key, code_of(error), str(error), day, run_id), settings)
        raise


def forget_alerts(settings: Settings, before: datetime) -> int:
    """Remove the alerts told before a time from the file; return how many."""
    path = alerts_file(settings)
    if not path.is_file():
        return 0
    with path.open("r+", encoding="utf-8") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        lines = file.readlines()
        kept = [line for line in lines if _told_at(line) >= before]
        if len(kept) < len(lines):
            file.seek(0)
            file.writelines(kept)
            file.truncate()
    return len(lines) - len(kept)


def webhook_url(settings: AlertSettings) -> str | None:
    """Return where alerts are sent, None when nowhere is told.

    Raises `ConfigurationError`, which never repeats the address, for a file that cannot be used or an
    address that is none.
    """
    if settings.webhook_url is not None:
        url = settings.webhook_url.get_secret_value().strip()
    elif settings.webhook_url_file is not None:
        url = read_secret(settings.webhook_url_file, "alerts.webhook_url_file")
    else:
        return None
    try:
        parts = urlsplit(url)
        is_url = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_url = False
    if not is_url:
        raise ConfigurationError("alerts: the webhook's address is none; write it as https://HOST/PATH")
    return url


def _append(alert: Alert, path: Path) -> bool:
    """Add the alert's line unless its key is there already; one process at a time."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+", encoding="utf-8") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.seek(0)
        if any(_content(line).get("key") == alert.key for line in file):
            return False
        line = {"at": datetime.now(UTC).isoformat(timespec="seconds"), **asdict(alert)}
        file.write(json.dumps(line, default=str, ensure_ascii=False) + "\n")
    return True


def _send(alert: Alert, settings: AlertSettings) -> str | None:
    """Send the alert to the webhook; return what went wrong, without the address."""
    try:
        url = webhook_url(settings)
    except ConfigurationError as error:
        return str(error)
    if url is None:
        return None
    content = {"text": f"Stockplan: {alert.reason_code}: {alert.message}", **asdict(alert)}
    request = urllib.request.Request(  # noqa: S310 - webhook_url lets only http and https through
        url,
        data=json.dumps(content, default=str).encode(),
        headers={"Content-Type": "application/json", "User-Agent": "stockplan"},
    )
    seconds, faults = settings.webhook_timeout_seconds, ["no answer in time"]
    # In a thread, because a server that sends a byte now and then would keep any time-out of the socket.
    sender = threading.Thread(target=_post, args=(request, seconds, faults), daemon=True)
    sender.start()
    sender.join(seconds)
    return f"the webhook did not take alert {alert.key}: {faults[-1]}" if faults else None


def _post(request: urllib.request.Request, seconds: float, faults: list[str]) -> None:
    try:
        with urllib.request.urlopen(request, timeout=seconds):  # noqa: S310
            faults.clear()
    except urllib.error.HTTPError as error:
        faults.append(f"it answered {error.code}")
    except Exception as error:
        # Their texts may hold parts of the address.
        reason = getattr(error, "reason", error)
        faults.append(getattr(reason, "strerror", None) or type(reason).__name__)


def _content(line: str) -> dict[str, object]:
    try:
        content = json.loads(line)
    except ValueError:
        return {}
    return content if isinstance(content, dict) else {}


def _told_at(line: str) -> datetime:
    """When a line was told; a line that nobody can read counts as old."""
    try:
        return datetime.fromisoformat(str(_content(line)["at"]))
    except (KeyError, ValueError):
        return datetime.min.replace(tzinfo=UTC)
