"""The page for operators says of every exit code what the registry says."""

from __future__ import annotations

import re
from pathlib import Path

from orchestration.outcomes import OUTCOMES

PAGE = Path(__file__).parents[2] / "docs" / "operations.md"


def outcomes_table() -> str:
    """The rows of the page's table, as the registry states them."""
    return "\n".join(
        f"| {one.exit_code} | `{one.code}` | {one.meaning} | {one.next_step} |" for one in OUTCOMES
    )


def test_the_table_of_exit_codes_is_the_registry() -> None:
    page = PAGE.read_text(encoding="utf-8")
    found = re.search(r"<!-- outcomes:.*?-->\n\|.*?\n\|---.*?\n(.*?)\n?<!-- /outcomes -->", page, re.DOTALL)
    assert found is not None
    assert found[1] == outcomes_table(), f"put these rows between the marks of {PAGE}:\n{outcomes_table()}"


def test_every_way_to_end_is_told_apart() -> None:
    assert len({one.code for one in OUTCOMES}) == len(OUTCOMES)
    assert len({one.exit_code for one in OUTCOMES}) == len(OUTCOMES)
    assert all(one.meaning.endswith(".") and one.next_step.endswith(".") for one in OUTCOMES)
