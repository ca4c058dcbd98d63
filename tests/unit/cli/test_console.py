"""What every command does before its own work."""

from __future__ import annotations

import pytest

from optimization.errors import StockplanError
from orchestration.cli import console
from orchestration.settings import settings


def test_a_setting_that_cannot_be_is_one_message_that_names_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STOCKPLAN_RETENTION__RAW_DAYS", "0")
    settings.cache_clear()
    try:
        with pytest.raises(StockplanError, match=r"retention\.raw_days = '0': "):
            console.settings()
    finally:
        settings.cache_clear()
