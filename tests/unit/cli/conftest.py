"""A small installation with one release, and the command line on it."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from orchestration.cli import app, console
from orchestration.lake.paths import Lake
from orchestration.settings import Settings
from tests.overlay_base import Base

Command = Callable[..., Result]
# Two days after the release, so that what is told of the day between is past.
TODAY = date(2024, 7, 2)


@pytest.fixture(scope="session")
def published(tmp_path_factory: pytest.TempPathFactory) -> Base:
    lake = Lake(tmp_path_factory.mktemp("published") / "home")
    made = Base(lake, Settings(home=lake.root))
    made.publish()
    return made


@pytest.fixture
def base(published: Base, tmp_path: Path) -> Base:
    """The release, in a home of the test's own."""
    lake = Lake(tmp_path / "home")
    shutil.copytree(published.lake.root, lake.root, symlinks=True)
    return Base(lake, Settings(home=lake.root, today=TODAY))


@pytest.fixture
def stockplan(base: Base, monkeypatch: pytest.MonkeyPatch) -> Command:
    """Run a command on the installation; a known error is its output and exit code 1."""
    monkeypatch.setattr(console, "settings", lambda: base.settings)
    monkeypatch.setattr(console.console, "_width", 200, raising=False)

    def run(*arguments: str) -> Result:
        return CliRunner().invoke(app, list(arguments))

    return run


def said(result: Result) -> str:
    """All that the user reads, in one line; an error's message is what `main` would print."""
    message = str(result.exception) if isinstance(result.exception, Exception) else ""
    return " ".join((result.output + message).split())
