"""The list of reasons is closed: every code in use is in it, and every code in it is in use."""

from __future__ import annotations

import re
from pathlib import Path

import optimization
from optimization.contracts.allocation_columns import PURPOSES
from optimization.contracts.columns import SOLVER_STATUSES
from optimization.reasons import REASONS

ROOMS = Path(optimization.__file__).parent

# Statuses of a solver and purposes of an operation are no reasons; the list of reasons does not use itself.
_WORDLESS = {"contracts", "solver", "reasons.py"}


def _codes_in_use() -> set[str]:
    sources = [path for path in ROOMS.rglob("*.py") if not _WORDLESS & set(path.parts)]
    text = "\n".join(path.read_text("utf-8") for path in sources)
    # Doctest names are in single quotes; codes have two words, or are those few of one word.
    one_word = "GUARANTEE|ANALOGUE|PROMOTION|SEASON|MATCHED|OUTBID"
    return (
        set(re.findall(rf'"([A-Z]+(?:_[A-Z]+)+|lt_[a-z]+|{one_word})"', text))
        - set(SOLVER_STATUSES)
        - set(PURPOSES)
    )


def test_codes_in_use_and_codes_with_a_text_are_the_same() -> None:
    assert _codes_in_use() == set(REASONS)


def test_every_reason_has_a_sentence_for_the_planner() -> None:
    assert all(len(text) > 15 and not text.endswith(".") for text in REASONS.values())
