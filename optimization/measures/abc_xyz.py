"""ABC by value and XYZ by variation, for governance and reports; never a service level by itself."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[np.float64]
Texts = npt.NDArray[np.object_]
A_SHARE, B_SHARE = 0.80, 0.95
# How far past a cut a metric must be to move a class at once.
MARGIN = 0.10
_ABC = np.array(["A", "B", "C"], dtype=object)
_XYZ = np.array(["X", "Y", "Z"], dtype=object)


def share_before(value: Numbers) -> Numbers:
    """Share of the whole value that lies in items of more value; 1 for items without value.

    Rows stand in key order, which breaks ties.

    >>> share_before(np.array([90.0, 6.0, 4.0, 0.0])).tolist()
    [0.0, 0.9, 0.96, 1.0]
    """
    order = np.argsort(-value, kind="stable")
    total = float(value.sum())
    before = np.ones(len(value))
    if total > 0:
        before[order] = np.concatenate([[0.0], np.cumsum(value[order])[:-1]]) / total
    return np.where(value > 0, before, 1.0)


def abc_of(before: Numbers) -> Texts:
    """A until 80 % of value is covered before the item, B until 95 %, C the rest.

    The item that crosses a limit stays in the better class, so a single item with most of the value
    is A. Items without value are C.

    >>> abc_of(share_before(np.array([90.0, 6.0, 4.0, 0.0]))).tolist()
    ['A', 'B', 'C', 'C']
    """
    return np.asarray(_ABC[(before >= A_SHARE).astype(np.int64) + (before >= B_SHARE)])


def abc_classes(value: Mapping[str, float]) -> dict[str, str]:
    """`abc_of` for named values; ties by key.

    >>> abc_classes({"a": 90, "b": 6, "c": 4, "d": 0})
    {'a': 'A', 'b': 'B', 'c': 'C', 'd': 'C'}
    """
    keys = sorted(value)
    classes = abc_of(share_before(np.array([value[key] for key in keys], dtype=np.float64)))
    return {key: str(found) for key, found in zip(keys, classes, strict=True)}


def xyz_of(cv: Numbers, cuts: tuple[float, float]) -> Texts:
    """X, Y or Z by coefficient of variation of forecast error; Z where it is not known (NaN).

    >>> xyz_of(np.array([0.2, 0.5, 2.0, np.nan]), (0.25, 0.75)).tolist()
    ['X', 'Y', 'Z', 'Z']
    """
    return np.asarray(_XYZ[np.where(np.isnan(cv), 2, (cv > cuts[0]).astype(np.int64) + (cv > cuts[1]))])


def xyz_class(cv: float | None, cuts: tuple[float, float] = (0.5, 1.0)) -> str:
    """`xyz_of` for one coefficient; Z where there is no demand to vary.

    >>> xyz_class(0.2), xyz_class(0.7), xyz_class(None)
    ('X', 'Y', 'Z')
    """
    return str(xyz_of(np.array([np.nan if cv is None else cv], dtype=np.float64), cuts)[0])


def with_hysteresis(
    today: Texts, metric: Numbers, cuts: tuple[float, float], previous: Texts, calculated_before: Texts
) -> Texts:
    """The class in force: it moves when the metric passes the cut by 10 %, or at the second time.

    `today` is calculated from `metric` (a higher metric is a later class); `previous` was in force and
    `calculated_before` was calculated in the last cycle, None where there was none. The cut that
    counts is the one next to the class in force.

    >>> today, metric = np.array(["B", "B", "B"], dtype=object), np.array([0.82, 0.89, 0.82])
    >>> before = np.array(["A", "A", "A"], dtype=object)
    >>> with_hysteresis(today, metric, (0.8, 0.95), before, np.array(["A", "A", "B"], dtype=object)).tolist()
    ['A', 'B', 'B']
    """
    rank = {name: k for names in (_ABC, _XYZ) for k, name in enumerate(names)}
    new = np.array([rank[name] for name in today], dtype=np.int64)
    old = np.array([rank.get(name, -1) for name in previous], dtype=np.int64)
    limits = np.array(cuts)
    upwards = limits[np.clip(old, 0, 1)] * (1.0 + MARGIN)
    downwards = limits[np.clip(old - 1, 0, 1)] * (1.0 - MARGIN)
    clear = np.where(new > old, metric >= upwards, metric <= downwards)
    moves = (old < 0) | (new == old) | clear | (calculated_before == today)
    return np.where(moves, today, previous)
