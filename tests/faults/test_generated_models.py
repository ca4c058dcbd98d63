"""The first 200 generated models; `make generated-models` judges 5,000."""

from __future__ import annotations

import pytest

from tests.faults.generated_models import Verdict, verdict

COUNT = 200


@pytest.fixture(scope="module")
def verdicts() -> list[Verdict]:
    return [verdict(number) for number in range(COUNT)]


def test_no_generated_model_ends_with_a_wrong_status_or_a_breach(verdicts: list[Verdict]) -> None:
    assert {each.number: each for each in verdicts if each.complaints} == {}


def test_a_fifth_of_the_models_is_broken_and_every_kind_comes_up(verdicts: list[Verdict]) -> None:
    assert sum(each.is_broken for each in verdicts) == COUNT // 5
    sound = {each.kind for each in verdicts if not each.is_broken}
    broken = {each.kind for each in verdicts if each.is_broken}
    assert (len(sound), len(broken)) == (5 + 4, 13 + 9)
