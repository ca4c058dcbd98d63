"""A fresh lake for each test."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from orchestration.lake.paths import Lake
from orchestration.process_limits import UMASK
from orchestration.settings import Settings
from tests.unit.publish.release_lake import ReleaseLake


@pytest.fixture(autouse=True)
def umask_of_the_service() -> Iterator[None]:
    """What the command line sets for itself, as far as it concerns files."""
    before = os.umask(UMASK)
    yield
    os.umask(before)


@pytest.fixture
def shop(tmp_path: Path) -> ReleaseLake:
    return ReleaseLake(Lake(tmp_path / "lake"), Settings())
