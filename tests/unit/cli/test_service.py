"""Where the web server may listen, what upkeep ends with, and what the doctor says of a server."""

from __future__ import annotations

from datetime import time
from pathlib import Path

import pytest
from pydantic import SecretStr
from typer.testing import CliRunner

from orchestration.cli import app
from orchestration.cli.diagnosis_service import service_findings
from orchestration.cli.service import listening_host
from orchestration.findings import Finding
from orchestration.lake.paths import Lake
from orchestration.outcomes import BY_CODE, Code, ConfigurationError
from orchestration.production_settings import AlertSettings, DagsterSettings, ServingSettings, WebSettings
from orchestration.publish.shelf import pointer_file
from orchestration.settings import Settings, SourceSettings
from tests.unit.publish.release_lake import ReleaseLake

OPEN = WebSettings(allow_remote=True)
ANYWHERE = "0.0.0.0"  # noqa: S104 - what must be refused


@pytest.mark.parametrize("host", [ANYWHERE, "::", "192.168.1.7", "ims.example", "127.0.0.1.example", ""])
def test_an_address_that_others_reach_is_refused_until_it_is_allowed(host: str) -> None:
    if host:
        with pytest.raises(ConfigurationError, match=r"web\.allow_remote"):
            listening_host(host, WebSettings())
        assert listening_host(host, OPEN) == host
        with pytest.raises(ConfigurationError):
            listening_host(None, WebSettings(host=host))
    else:
        assert listening_host(host, WebSettings()) == "127.0.0.1"


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.9.1", "::1", "localhost"])
def test_this_machines_own_addresses_are_allowed(host: str) -> None:
    assert listening_host(host, WebSettings()) == host


@pytest.fixture
def own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("DAGSTER_HOME", "")
    settings = Settings(
        home=tmp_path / "home",
        source=SourceSettings(connector="files", inbox=tmp_path, mapping=tmp_path / "mapping.yaml"),
        alerts=AlertSettings(release_due=time(0, 0), release_age_days=3650),
    )
    monkeypatch.setattr("orchestration.cli.console.settings", lambda: settings)
    monkeypatch.setattr("orchestration.cli.service.settings", lambda: settings)
    return settings


def test_upkeep_ends_with_the_code_of_a_release_that_is_overdue(own: Settings) -> None:
    done = CliRunner().invoke(app, ["upkeep"])
    assert done.exit_code == BY_CODE[Code.RELEASE_LATE].exit_code, done.output
    assert "none at all" in done.output
    shop = ReleaseLake(Lake(own.home), own)
    release_id = shop.publish().release.release_id
    pointer_file(shop.lake).unlink()
    done = CliRunner().invoke(app, ["upkeep"])
    assert done.exit_code == 0, done.output
    assert f"moved CURRENT to {release_id}" in done.output
    assert "0 runs" in done.output


def test_a_refused_address_starts_nothing(own: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[object] = []
    monkeypatch.setattr("orchestration.cli.service._become", started.append)
    done = CliRunner().invoke(app, ["ui", "--host", ANYWHERE])
    assert isinstance(done.exception, ConfigurationError)
    assert started == []
    assert not own.home.exists()
    CliRunner().invoke(app, ["ui", "--read-only", "--port", "3001"], catch_exceptions=False)
    ((arguments),) = started
    assert isinstance(arguments, list)
    assert arguments[:6] == ["dagster_webserver", "--read-only", "-h", "127.0.0.1", "-p", "3001"]


def _bad(settings: Settings) -> list[Finding]:
    return [one for one in service_findings(settings) if not one.is_ok]


def test_the_doctor_finds_an_ordinary_installation_well(tmp_path: Path) -> None:
    assert _bad(Settings(home=tmp_path)) == []


@pytest.mark.parametrize(
    ("settings", "subject"),
    [
        ({"web": WebSettings(host=ANYWHERE)}, "web"),
        ({"alerts": AlertSettings(webhook_url=SecretStr("CANARY-7f3a"))}, "alerts"),
        ({"serving": ServingSettings(url=SecretStr("postgresql://a:CANARY-7f3a@127.0.0.1:9/x"))}, "serving"),
        (
            {
                "dagster": DagsterSettings(
                    storage="postgres", url=SecretStr("postgresql://a:CANARY-7f3a@127.0.0.1:9/x")
                )
            },
            "dagster",
        ),
        ({"dagster": DagsterSettings(storage="postgres")}, "dagster"),
    ],
)
def test_the_doctor_finds_what_is_to_be_repaired_and_tells_no_secret(
    tmp_path: Path, settings: dict[str, object], subject: str
) -> None:
    (found,) = _bad(Settings(home=tmp_path, **settings))  # type: ignore[arg-type]
    assert found.subject == subject
    assert found.repair
    assert "CANARY" not in f"{found.found}{found.repair}"


def test_the_doctor_finds_secrets_where_others_may_read_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "webhook"
    file.write_text("https://alerts.example/CANARY-7f3a")
    file.chmod(0o644)
    told = tmp_path / "stockplan.yaml"
    told.write_text(
        "serving:\n  url: postgresql://a:CANARY-7f3a@db/x\nalerts: {webhook_url: https://x/CANARY-7f3a}\n"
    )
    home = tmp_path / "home" / "dagster"
    home.mkdir(parents=True)
    home.chmod(0o755)
    settings = Settings(home=tmp_path / "home", alerts=AlertSettings(webhook_url_file=file))
    monkeypatch.setenv("STOCKPLAN_CONFIG", str(told))
    found = [one for one in _bad(settings) if one.subject == "secrets"]
    assert [one.found.split(" in ")[0] for one in found][:1] == ["serving.url, alerts.webhook_url"]
    assert any("chmod 600" in one.found for one in found)
    assert any("others may enter" in one.found for one in found)
    assert "CANARY" not in str(found)
