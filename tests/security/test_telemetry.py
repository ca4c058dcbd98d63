"""Every library that would phone home is told not to, by name; `make drill` proves it for a whole date."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from orchestration.settings import PROJECT_ROOT

# What each library asks for, and the answer that switches it off.
SWITCHES = {
    "DO_NOT_TRACK": "1",
    "DAGSTER_DISABLE_TELEMETRY": "1",
    "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
    "GX_ANALYTICS_ENABLED": "false",
}
_WATCHED_DAY = """
import sys
reached = []
def watch(event, arguments):
    if event in ("socket.connect", "socket.getaddrinfo", "socket.gethostbyname", "socket.sendto"):
        reached.append((event, repr(arguments[1:])))
sys.addaudithook(watch)
import json
from pathlib import Path
from tests.drill.miniature import Miniature, MiniatureSource, days
Miniature(Path(sys.argv[1]), MiniatureSource.of(days(1))).run(days(1)[0])
before = list(reached)
import socket
socket.getaddrinfo("127.0.0.1", 9)
print(json.dumps({"day": before, "all": reached}))
"""


@pytest.mark.parametrize("answer", ["true", "1", ""])
def test_every_library_is_told_by_its_own_name(answer: str):
    """Whoever starts Stockplan, and whatever the environment said before."""
    said = subprocess.run(
        [sys.executable, "-c", "import orchestration, os, json; print(json.dumps(dict(os.environ)))"],
        env={**os.environ, **dict.fromkeys(SWITCHES, answer)},
        capture_output=True,
        text=True,
        check=True,
    )
    environment = json.loads(said.stdout)
    assert {name: environment[name] for name in SWITCHES} == SWITCHES


def test_the_committed_files_switch_it_off_as_well():
    dagster = yaml.safe_load((PROJECT_ROOT / "dagster.yaml").read_text(encoding="utf-8"))
    assert dagster["telemetry"] == {"enabled": False}
    assert dagster["nux"] == {"enabled": False}
    dbt = yaml.safe_load((PROJECT_ROOT / "dbt_project" / "dbt_project.yml").read_text(encoding="utf-8"))
    assert dbt["flags"]["send_anonymous_usage_stats"] is False


def test_no_package_is_there_that_only_reports_usage():
    for name in ("posthog", "segment", "analytics", "mixpanel", "sentry_sdk", "scarf"):
        assert importlib.util.find_spec(name) is None, name


def test_dbt_is_not_asked_for_its_version():
    """`dbt --version`, which Dagster runs before each build, asks the package index for a newer one."""
    from orchestration.dbt_build import quiet_dbt

    assert quiet_dbt(Path("/bin/true"))._cli_version.major == 1


def test_a_date_in_small_asks_no_other_machine(tmp_path: Path):
    """Python's own hook sees every socket; the last one is planted, so that silence means something."""
    said = subprocess.run(
        [sys.executable, "-c", _WATCHED_DAY, str(tmp_path / "home")],
        cwd=PROJECT_ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert said.returncode == 0, said.stderr
    found = json.loads(said.stdout.splitlines()[-1])
    assert found["day"] == []
    assert len(found["all"]) == 1
