"""Serial lines and trees of the literature, by the name under which cases refer to them.

Data of Snyder & Shen (2019), chapter 6, and of Shang & Song (2003), table 1. Lists run from the
stage that meets demand upwards; costs per unit and period, times in periods.
"""

from __future__ import annotations

from typing import Any


def _local(costs: list[float], **rest: Any) -> dict[str, Any]:
    return {"local_holding_cost": costs, **rest}


def _shang_song(echelon: list[float], stockout_cost: float) -> dict[str, Any]:
    return {
        "echelon_holding_cost": echelon,
        "lead_time": [0.25] * 4,
        "stockout_cost": stockout_cost,
        "mean": 16,
    }


_EVEN, _PEAK = [0.25] * 4, [0.25, 2.5, 2.5, 0.25]

SERIAL: dict[str, dict[str, Any]] = {
    "example_6_1": _local([7, 4, 2], lead_time=[1, 1, 2], stockout_cost=37.12, mean=5, sd=1),
    "problem_6_1": _local([2, 1], lead_time=[1, 1], stockout_cost=15, mean=100, sd=15),
    "problem_6_16": _local([7, 2], lead_time=[8, 3], stockout_cost=24, mean=20, sd=4),
    "problem_6_2a": {
        "echelon_holding_cost": [2, 2, 1, 1, 1],
        "lead_time": [0.5] * 5,
        "stockout_cost": 24,
        "mean": 64,
        "sd": 8,
    },
    "problem_6_2b": {
        "echelon_holding_cost": [2, 2, 1, 1, 1],
        "lead_time": [0.5] * 5,
        "stockout_cost": 24,
        "mean": 64,
    },
    "shang_song_1": _shang_song(_EVEN, 9),
    "shang_song_9": _shang_song(_PEAK, 9),
    "shang_song_17": _shang_song(_EVEN, 99),
    "shang_song_25": _shang_song(_PEAK, 99),
}


def _line(time: list[int], cost: list[float], sd: float, **rest: Any) -> dict[str, Any]:
    """A chain; names 1 … n from the stage that meets demand upwards."""
    names = [str(number + 1) for number in range(len(time))]
    return {
        "T": dict(zip(names, time, strict=True)),
        "h": dict(zip(names, cost, strict=True)),
        "order": "->".join(reversed(names)),
        "sd": sd,
        **rest,
    }


TREES: dict[str, dict[str, Any]] = {
    "example_6_3": _line([1, 0, 1], [7, 4, 2], 1, inbound_cst_3=1, outbound_cst_1=1, z=1),
    "problem_6_7": _line([2, 1, 1], [4, 3, 2], 10, inbound_cst_3=1, outbound_cst_1=0, z=4),
    "problem_6_8": _line(
        [5, 10, 2, 15, 8, 5, 9, 5, 1, 5],
        [5.73, 4.56, 3.04, 2.93, 2.47, 2.37, 1.15, 1.1, 0.98, 0.87],
        15.8,
        inbound_cst_10=7,
        outbound_cst_1=3,
        service=0.98,
    ),
    "problem_6_9": {
        "T": {"1": 7, "2": 7, "3": 21, "4": 3, "5": 8, "6": 2},
        "h": {
            name: value * 0.2 / 365 for name, value in zip("123456", (220, 140, 90, 5, 20, 7.5), strict=True)
        },
        "sd": {"1": 4.1, "2": 6.2},
        "outbound_cst": {"1": 3, "2": 3},
        "edges": [[6, 5], [4, 3], [5, 3], [3, 1], [3, 2]],
        "z": 4,
    },
    "example_6_5": {
        "nodes": {
            "1": {"T": 2, "h": 1, "inbound_cst": 1, "succ": [3]},
            "3": {"T": 1, "h": 2, "succ": [2, 4]},
            "2": {"T": 1, "h": 3, "sd": 1, "outbound_cst": 0},
            "4": {"T": 1, "h": 3, "sd": 1, "outbound_cst": 1},
        },
        "z": 1,
    },
    "figure_6_14": {
        "T": dict(zip("123456789", (2, 3, 2, 4, 2, 3, 6, 4, 3), strict=True)) | {"10": 2},
        "h": dict(zip("123456789", (0.01, 0.03, 0.04, 0.06, 0.12, 0.13, 0.2, 0.08, 0.04), strict=True))
        | {"10": 0.5},
        "sd": {"10": 10},
        "outbound_cst": {"10": 2},
        "edges": [[1, 2], [2, 3], [3, 5], [4, 5], [5, 6], [7, 10], [6, 10], [8, 10], [9, 10]],
        "service": 0.95,
    },
}
