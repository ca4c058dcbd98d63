"""The bands of the 15-check scorecard: five areas of three checks, three levels."""

from __future__ import annotations

GREEN_SHARE, AMBER_SHARE = 0.8, 0.4


def area_colour(yes: int, checks: int = 3) -> str:
    """Green from 80 % of an area's checks, amber from 40 %, else red.

    With three checks only three are green, and exactly two are amber.

    >>> [area_colour(yes) for yes in range(4)]
    ['red', 'red', 'amber', 'green']
    """
    share = yes / checks
    return "green" if share >= GREEN_SHARE else "amber" if share >= AMBER_SHARE else "red"


def level(total_yes: int) -> int:
    """Level 1 for 0–5 checks, 2 for 6–11, 3 for 12–15.

    >>> [level(yes) for yes in (0, 5, 6, 11, 12, 15)]
    [1, 1, 2, 2, 3, 3]
    """
    return 1 if total_yes <= 5 else 2 if total_yes <= 11 else 3
