"""The table of faults: every kind ends in its specified outcome, with its reason code, and none unknown."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from orchestration.outcomes import Code
from tests.faults import (  # noqa: F401 - importing them enters their kinds
    kinds_of_delivery,
    kinds_of_store,
    kinds_of_surroundings,
)
from tests.faults.fault_ground import Template
from tests.faults.fault_kinds import KINDS, Kind

ON_GROUND = [kind for kind in KINDS.values() if kind.on_ground]
ELSEWHERE = [kind for kind in KINDS.values() if kind.elsewhere]


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Template:
    """An installation with one date published and the next delivered."""
    return Template.build(tmp_path_factory.mktemp("ground") / "template")


@pytest.mark.parametrize("kind", ON_GROUND, ids=lambda kind: kind.name)
def test_a_fault_of_a_delivery_or_a_store(kind: Kind, template: Template, tmp_path: Path) -> None:
    ground = template.copy(tmp_path / "ground")
    assert kind.on_ground is not None
    course = kind.on_ground(ground)
    ending = next(course)
    assert (ending.code, kind.told in ending.text) == (kind.code, True), ending
    for _ in course:
        raise AssertionError("a kind yields one ending")
    if kind.keeps:
        assert template.faults_after(ground) == []
    if kind.mends:
        assert template.faults_when_mended(ground) == []


@pytest.mark.parametrize("kind", ELSEWHERE, ids=lambda kind: kind.name)
def test_a_fault_elsewhere(kind: Kind) -> None:
    assert kind.elsewhere is not None
    ending = kind.elsewhere()
    assert (ending.code, kind.told in ending.text) == (kind.code, True), ending


def test_there_are_enough_kinds(record_property: Callable[[str, object], None]) -> None:
    rows = Counter(kind.row for kind in KINDS.values())
    codes = Counter(kind.code for kind in KINDS.values())
    record_property("fault_kinds", len(KINDS))
    print(f"{len(KINDS)} kinds of faults: {', '.join(f'{row} {count}' for row, count in rows.items())}")
    print(f"codes: {', '.join(f'{code} {count}' for code, count in sorted(codes.items()))}")
    assert len(KINDS) >= 60
    assert Code.INTERNAL not in codes
