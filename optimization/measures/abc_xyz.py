"""ABC by value and XYZ by variation of demand."""

from __future__ import annotations

from collections.abc import Mapping

A_SHARE, B_SHARE = 0.80, 0.95


def abc_classes(value: Mapping[str, float]) -> dict[str, str]:
    """A until 80 % of value is covered, B until 95 %, C the rest; ties by key.

    The item that crosses a limit stays in the better class, so a single item with most of the
    value is A. Items without value are C.

    >>> abc_classes({"a": 90, "b": 6, "c": 4, "d": 0})
    {'a': 'A', 'b': 'B', 'c': 'C', 'd': 'C'}
    """
    total = sum(value.values())
    classes: dict[str, str] = {}
    before = 0.0
    for key in sorted(value, key=lambda name: (-value[name], name)):
        share = before / total if total > 0 else 1.0
        worth = value[key] > 0
        classes[key] = "A" if worth and share < A_SHARE else "B" if worth and share < B_SHARE else "C"
        before += value[key]
    return classes


def xyz_class(cv: float | None, cuts: tuple[float, float] = (0.5, 1.0)) -> str:
    """X, Y or Z by coefficient of variation; Z where there is no demand to vary.

    >>> xyz_class(0.2), xyz_class(0.7), xyz_class(None)
    ('X', 'Y', 'Z')
    """
    if cv is None or cv > cuts[1]:
        return "Z"
    return "X" if cv <= cuts[0] else "Y"
