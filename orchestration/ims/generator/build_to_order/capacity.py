"""Source tables of what plants can build: slots per line and week, and limits of options."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from orchestration.ims.generator.arrow_columns import dates, source_table, texts
from orchestration.ims.generator.build_to_order.option_list import OPTIONS, POSITION
from orchestration.ims.generator.build_to_order.setting import Setting
from orchestration.ims.generator.counters import Floats, Ints, UInts, keyed, stream, uniform

LINES = ("LINE-1", "LINE-2")
WEEKS_AHEAD, FROZEN_WEEKS = 26, 2
# slots against the orders to be expected, of which some lapse; a week in a hundred has no shift at all
_ROOM, _CLOSED_SHARE = 0.9, 0.01
# every fourth plant is short of shifts, so that a slot there has a price
_SHORT_EVERY, _SHORT_ROOM = 4, 0.6
_LEAST_USED, _EXPEDITE_COST = 0.5, (600.0, 1_000.0)
# options of which the plants cannot build as many as they like, and how much more than usual they can
_LIMITED = {"CMF-ROOF": 1.3, "PKG-TOW": 1.25, "TEC-HUD": 1.4, "WHL-20": 1.2, "PRF-SUSP": 1.6}


def production_slot_table(setting: Setting, as_of: int) -> pa.Table:
    """Slots from the week of `as_of` on, half a year ahead; this week and the next are frozen."""
    plant, line, week = _grid(len(setting.plants), len(LINES), _weeks(as_of))
    key = _keys(setting, plant, week, line)
    slots = _slots(setting, plant, line, week)
    return source_table(
        "production_slot",
        {
            "plant_id": texts(list(setting.plants), plant),
            "production_line_id": texts(list(LINES), line),
            "week_start_date": dates(week),
            "slot_units": pa.array(slots),
            "min_slot_units": pa.array(np.where(line == 0, np.floor(_LEAST_USED * slots), 0.0)),
            "is_frozen": pa.array(week < _weeks(as_of)[FROZEN_WEEKS]),
            "expedite_slot_units": pa.array(np.where(slots > 0, np.maximum(1.0, np.floor(slots / 6)), 0.0)),
            "expedite_unit_cost": pa.array(
                np.round(_EXPEDITE_COST[0] + (_EXPEDITE_COST[1] - _EXPEDITE_COST[0]) * uniform(key, 1), 0)
            ),
        },
        source=setting.source,
        known=as_of,
    )


def slot_option_limit_table(setting: Setting, as_of: int) -> pa.Table:
    """How many orders of a week can have an option whose parts are scarce."""
    plant, option, week = _grid(len(setting.plants), len(_LIMITED), _weeks(as_of))
    shares = np.array([max(OPTIONS[POSITION[name]].share, 0.05) for name in _LIMITED])
    room = np.array(list(_LIMITED.values()))
    total = sum(_slots(setting, plant, np.full(len(plant), line), week) for line in range(len(LINES)))
    limit = np.ceil(total * shares[option] * room[option])
    return source_table(
        "slot_option_limit",
        {
            "plant_id": texts(list(setting.plants), plant),
            "week_start_date": dates(week),
            "option_id": texts(list(_LIMITED), option),
            "slot_units": pa.array(limit),
            "min_slot_units": pa.array(np.zeros(len(limit))),
        },
        source=setting.source,
        known=as_of,
    )


def _weeks(as_of: int) -> Ints:
    monday = as_of - (as_of + 3) % 7
    return np.asarray(monday + 7 * np.arange(WEEKS_AHEAD))


def _grid(plants: int, middle: int, weeks: Ints) -> tuple[Ints, Ints, Ints]:
    plant, middle_at, week = (axis.reshape(-1) for axis in np.indices((plants, middle, len(weeks))))
    return plant, middle_at, weeks[week]


def _keys(setting: Setting, plant: Ints, week: Ints, line: Ints) -> UInts:
    return keyed(stream(setting.seed, "slot"), setting.plant_keys[plant], week, line)


def _slots(setting: Setting, plant: Ints, line: Ints, week: Ints) -> Floats:
    """Slots of a line in a week: the first line builds three orders in five."""
    key = _keys(setting, plant, week, line)
    room = np.where(plant % _SHORT_EVERY == _SHORT_EVERY - 1, _SHORT_ROOM, _ROOM)
    usual = np.maximum(1.0, room * setting.weekly_orders[plant] * np.where(line == 0, 0.6, 0.4))
    slots = np.floor(usual * (0.9 + 0.2 * uniform(key, 0)) + 0.5)
    return np.asarray(np.where(uniform(key, 2) < _CLOSED_SHARE, 0.0, np.maximum(slots, 1.0)))
