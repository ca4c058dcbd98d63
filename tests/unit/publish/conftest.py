"""A fresh lake for each test."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestration.lake.paths import Lake
from orchestration.settings import Settings
from tests.unit.publish.release_lake import ReleaseLake


@pytest.fixture
def shop(tmp_path: Path) -> ReleaseLake:
    return ReleaseLake(Lake(tmp_path / "lake"), Settings())
