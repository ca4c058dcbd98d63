"""The benchmark of the allocation runs and tells what it measured."""

from __future__ import annotations

import json

import pytest

from tests.benchmarks import allocation


def test_it_prints_one_object(capsys: pytest.CaptureFixture[str]) -> None:
    assert allocation.main(["--pools", "300", "--segments", "4", "--sample", "10"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["closed_form"]["pools"] == told["rule_engine"]["ruled_pools"] == 300
    assert told["closed_form"]["pools_per_cpu_minute"] > told["model"]["pools_per_cpu_minute"]
    assert told["worst_breach_units"] == 0.0
    assert told["model"]["worst_difference_share_of_supply"] <= 1e-6
    assert told["lent_units"] > 0
