"""Settings that name something of the user's: imported where it can be, refused by name where not."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
import yaml
from pydantic import ValidationError

from optimization.order_parameters import LeadTimeParameters, SlotParameters
from orchestration.settings import (
    PROJECT_ROOT,
    LeadTimeSettings,
    NetworkSettings,
    OrderSettings,
    SlotSettings,
    function_named,
)


def test_a_function_beside_the_settings_is_imported_by_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "our_limits.py").write_text("def rows(model, places):\n    return 'ours'\n")
    monkeypatch.setenv("STOCKPLAN_CONFIG", str(tmp_path / "stockplan.yaml"))
    monkeypatch.setattr(sys, "path", list(sys.path))
    function = function_named("our_limits:rows", "network.user_rows")
    assert function is not None and function(None, None) == "ours"
    assert function_named(None, "network.user_rows") is None


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("no_such_module:rows", "No module named 'no_such_module'"),
        ("json:rows", "no attribute 'rows'"),
        ("json:__name__", "which is no function"),
    ],
)
def test_a_function_that_cannot_be_had_is_refused_with_setting_and_cause(name: str, told: str) -> None:
    with pytest.raises(ValueError, match=r"^network\.user_rows names") as failure:
        function_named(name, "network.user_rows")
    assert name in str(failure.value) and told in str(failure.value)
    assert "null" in str(failure.value)


@pytest.mark.parametrize("name", ["rows", "our_limits.rows", "our-limits:rows", "our_limits:"])
def test_a_name_that_is_none_is_refused_when_settings_are_read(name: str) -> None:
    with pytest.raises(ValidationError, match="user_rows"):
        NetworkSettings(user_rows=name)


@pytest.mark.parametrize("name", ["stuck_quantile", "silent_quantile"])
def test_a_stage_s_quantile_above_the_highest_kept_one_is_refused(name: str) -> None:
    with pytest.raises(ValidationError, match=r"less than or equal to 0\.95"):
        LeadTimeSettings(**{name: 0.97})
    assert LeadTimeSettings(**{name: 0.95}).parameters() == LeadTimeParameters()


def test_days_to_handover_can_be_stated() -> None:
    assert SlotSettings(days_to_handover=10.0).parameters() == SlotParameters(days_to_handover=10.0)


def test_the_settings_file_explains_every_setting_of_the_orders_with_its_default() -> None:
    written = yaml.safe_load((PROJECT_ROOT / "stockplan.yaml").read_text("utf-8"))["orders"]
    assert written == OrderSettings().model_dump()
