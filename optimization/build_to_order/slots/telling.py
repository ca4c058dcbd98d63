"""The plan as frames: who has which week and why, the load of every line and option, ways to be earlier."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from optimization.build_to_order.slots.assembly import Room, room_beside
from optimization.build_to_order.slots.buckets import spread_over_lines
from optimization.build_to_order.slots.costs import allowed, lateness_days
from optimization.build_to_order.slots.engine import Solved
from optimization.build_to_order.slots.expediting import Expedite
from optimization.build_to_order.slots.problem import (
    NONE,
    Flags,
    Integers,
    Numbers,
    SlotProblem,
    load,
)
from optimization.build_to_order.slots.relaxation import Prices
from optimization.build_to_order.slots.stating import Stated, option_flags
from optimization.contracts.order_outputs import EXPEDITE_OPTION, MTO_SLOT_ASSIGNMENT, SLOT_LOAD
from optimization.contracts.rows import frame_of
from optimization.reasons import first_that_holds

METHOD = "slots_lexicographic"
_WHOLE_LINE = "*"


def line_of_orders(day: Stated, bucket: Integers) -> Integers:
    """Line of each order (n,), -1 without a slot: the one it had where there is room."""
    wished = day.waiting["previous_line"].to_numpy(dtype=object)[day.planned]
    return spread_over_lines(day.lines, bucket, wished)


def assignment(day: Stated, solved: Solved, line: Integers) -> pd.DataFrame:
    """`opt_out__mto_slot_assignment`: every order that waits, blocked ones without a slot."""
    problem, bucket, waiting = day.problem, solved.bucket, day.waiting
    orders, n = problem.orders, len(problem.buckets)
    at = np.where(bucket < 0, n, bucket)
    late = lateness_days(problem)[np.arange(len(orders)), at]
    room = room_beside(problem, bucket)
    expedite = expedite_cost_of_orders(problem, bucket)
    binding = _binding_rows(problem, bucket, late, room, solved.prices)
    told = pd.DataFrame(
        {
            "order_id": orders.order_id,
            "is_frozen": orders.fixed != NONE,
            "is_expedited": ~np.isnan(expedite),
            "is_promise_broken": orders.is_confirmed & (late > 0),
            "lateness_days": late,
            "expedite_cost": expedite,
            "binding_row": binding,
            "reason_code": _reasons(day, bucket, late),
            **_line_columns(day, line),
        }
    ).set_index("order_id")
    # A blocked order has no week: its promise is judged when the block is gone.
    frame = told.reindex(waiting["order_id"]).reset_index()
    blocked = waiting["blocked"].notna().to_numpy(dtype=np.bool_)
    for column in ("is_frozen", "is_expedited", "is_promise_broken"):
        frame[column] = frame[column].where(~blocked, False).astype(bool)
    frame["lateness_days"] = frame["lateness_days"].fillna(0.0)
    before = pd.to_datetime(waiting["previous_week_start_date"])
    frame["previous_week_start_date"] = before.to_numpy(dtype="datetime64[us]")
    week = pd.to_datetime(frame["week_start_date"])
    frame["week_start_date"] = week.to_numpy(dtype="datetime64[us]")
    frame["is_moved"] = before.notna().to_numpy() & (week.to_numpy() != before.to_numpy())
    bad = waiting["is_bad"].to_numpy(dtype=np.bool_)
    frame["reason_code"] = np.where(
        bad & ~blocked,
        "INPUT_IMPLAUSIBLE",
        np.where(blocked, waiting["blocked"].to_numpy(dtype=object), frame["reason_code"].to_numpy(object)),
    )
    frame["method"] = METHOD
    frame["status"] = first_that_holds(
        {
            "QUARANTINED": bad,
            "FROZEN": frame["is_frozen"].to_numpy(dtype=np.bool_),
            "FALLBACK": waiting["is_guessed"].to_numpy(dtype=np.bool_),
        },
        "OK",
    )
    return MTO_SLOT_ASSIGNMENT.validate(frame.sort_values("order_id", ignore_index=True))


def expedite_cost_of_orders(problem: SlotProblem, bucket: Integers) -> Numbers:
    """Money for the slot on top of each order (n,), NaN for an order with an ordinary slot.

    Of a week that holds more than its slots, those with the least slack are the ones on top.
    """
    cost = np.full(len(bucket), np.nan)
    used, _ = load(problem, bucket)
    extra = problem.expedites
    for at in np.flatnonzero(used > problem.buckets.capacity).tolist():
        prices = np.repeat(extra.cost[extra.bucket == at], extra.units[extra.bucket == at].astype(np.int64))
        over = min(int(used[at] - problem.buckets.capacity[at]), len(prices))
        members = np.flatnonzero((bucket == at) & (problem.orders.fixed == NONE))
        urgent = members[np.argsort(problem.orders.due_day[members], kind="stable")][:over]
        cost[urgent] = prices[: len(urgent)]
    return cost


def slot_load(day: Stated, solved: Solved, line: Integers, gone: pd.DataFrame) -> pd.DataFrame:
    """`opt_out__slot_load`: every line and week with option `*`, and every stated limit with line `*`.

    `gone`: `plant_id`, `production_line_id`, `week_start_date`, `options` of orders of the plan before
    that have left the week without being built. The price is money: weighted lateness that one more unit
    would save with all earlier levels at their best, and moves; it is a price, for at a tie of plans
    there are several.
    """
    problem, lines = day.problem, day.lines
    price, option_price = money_prices(problem, solved.prices)
    used = np.bincount(line[line >= 0], minlength=len(lines)).astype(np.float64)
    freed = _count(gone, ("plant_id", "production_line_id", "week_start_date"))
    whole = pd.DataFrame(
        {
            "plant_id": lines.plant_id,
            "production_line_id": lines.production_line_id,
            "week_start_date": lines.week_start_date,
            "option_id": _WHOLE_LINE,
            "slot_units": lines.units,
            "used_units": used,
            "slot_price": price[lines.bucket],
            "is_frozen": problem.buckets.is_frozen[lines.bucket],
        }
    )
    whole["freed_units"] = _looked_up(freed, whole, ("plant_id", "production_line_id", "week_start_date"))
    parts = [whole, _option_load(day, solved.bucket, option_price, gone)]
    load_rows = pd.concat([part for part in parts if len(part)] or [whole], ignore_index=True)
    load_rows["left_units"] = np.maximum(load_rows["slot_units"] - load_rows["used_units"], 0.0)
    load_rows["is_binding"] = (load_rows["slot_price"] > 0) & (load_rows["left_units"] < 1.0)
    keys = ["plant_id", "production_line_id", "week_start_date", "option_id"]
    return SLOT_LOAD.validate(load_rows.sort_values(keys, ignore_index=True))


def money_prices(problem: SlotProblem, prices: dict[str, Prices]) -> tuple[Numbers, Numbers]:
    """Money that one more unit would save: by bucket (b), by row of plant and week and option (r, k)."""
    days, moves = prices["lateness"], prices["moves"]
    bucket = np.maximum(problem.lateness_cost * days.bucket + moves.bucket, 0.0)
    option = np.maximum(problem.lateness_cost * days.option + moves.option, 0.0)
    return np.where(problem.buckets.is_frozen, 0.0, bucket), option


def expedite_options(day: Stated, ways: list[Expedite], line: Integers) -> pd.DataFrame:
    """`opt_out__expedite_option`: the ways of each order, the cheapest per day saved first."""
    lines, ids = day.lines, day.problem.orders.order_id
    rows: list[dict[str, object]] = []
    rank: dict[int, int] = {}
    for way in ways:
        rank[way.order] = rank.get(way.order, 0) + 1
        own = np.flatnonzero(lines.bucket == way.bucket)
        free = lines.units[own] - np.array([(line == at).sum() for at in own])
        place = int(own[np.argmax(free > 0)])
        rows.append(
            {
                "order_id": ids[way.order],
                "expedite_rank": rank[way.order],
                "plant_id": lines.plant_id[place],
                "production_line_id": lines.production_line_id[place],
                "week_start_date": pd.Timestamp(lines.week_start_date[place]),
                "days_saved": way.days_saved,
                "expedite_cost": way.cost,
                "is_expedited": way.is_on_top,
                "affected_order_count": len(way.affected),
                "affected_orders": "|".join(sorted(ids[way.affected])),
                "reason_code": _way_reason(way),
            }
        )
    rows.sort(key=lambda one: (str(one["order_id"]), one["expedite_rank"]))
    return frame_of(EXPEDITE_OPTION, rows)


def _way_reason(way: Expedite) -> str:
    if way.is_on_top:
        return "EXPEDITE_ON_TOP"
    return "EXPEDITE_SWAP" if len(way.affected) else "EXPEDITE_ROOM"


def _line_columns(day: Stated, line: Integers) -> dict[str, npt.NDArray[np.object_]]:
    lines = day.lines
    names = {
        "plant_id": lines.plant_id,
        "production_line_id": lines.production_line_id,
        "week_start_date": lines.week_start_date.astype("datetime64[us]"),
    }
    columns: dict[str, npt.NDArray[np.object_]] = {}
    for name, values in names.items():
        padded = np.append(values, np.array([None], dtype=values.dtype))
        columns[name] = padded[line]
    return columns


def _reasons(day: Stated, bucket: Integers, late: Numbers) -> npt.NDArray[np.object_]:
    problem = day.problem
    orders, n = problem.orders, len(problem.buckets)
    may = allowed(problem)[:, :-1]
    days = lateness_days(problem)[:, :-1]
    never = orders.is_confirmed & may.any(axis=1) & ~(may & (days == 0)).any(axis=1)
    at_plant = (orders.plant[:, None] == NONE) | (orders.plant[:, None] == problem.buckets.plant)
    none = bucket < 0
    after = orders.ready_day > (problem.buckets.week_day.max() if n else 0)
    return first_that_holds(
        {
            "SLOT_FROZEN": orders.fixed != NONE,
            "NO_SLOTS_AT_PLANT": none & ~at_plant.any(axis=1),
            "MATERIAL_AFTER_HORIZON": none & after,
            "NO_CAPACITY": none,
            "SLOT_PROMISE_TOO_EARLY": (late > 0) & never,
            "SLOT_PROMISE_BROKEN": (late > 0) & orders.is_confirmed,
            "SLOT_LATE": late > 0,
        },
        "SLOT_ON_TIME",
    )


def _binding_rows(
    problem: SlotProblem, bucket: Integers, late: Numbers, room: Room, prices: dict[str, Prices]
) -> npt.NDArray[np.object_]:
    """Full capacity or limit with the largest price in an earlier week, for who is late or has no slot."""
    orders, buckets = problem.orders, problem.buckets
    named = np.full(len(orders), None, dtype=object)
    rows = np.flatnonzero(((late > 0) | (bucket < 0)) & (orders.fixed == NONE))
    if not len(buckets) or not len(rows):
        return named
    weight = {"promises": 1e6, "promise_days": 1e3, "lateness": 1.0}
    price = sum((part * prices[name].bucket for name, part in weight.items()), np.zeros(len(buckets)))
    option = sum((part * prices[name].option for name, part in weight.items()), np.zeros(1))
    top = np.bincount(problem.expedites.bucket, weights=room.extra, minlength=len(buckets))
    is_full = room.capacity + top < 1.0
    option_full = room.limits[buckets.week_row] < 1.0
    may = allowed(problem)[:, :-1]
    days = lateness_days(problem)
    for row in rows.tolist():
        earlier = may[row] & (days[row, :-1] < (days[row, bucket[row]] if bucket[row] >= 0 else np.inf))
        named[row] = _dearest(problem, row, earlier, is_full, option_full, price, np.asarray(option))
    return named


def _dearest(
    problem: SlotProblem,
    row: int,
    earlier: Flags,
    is_full: Flags,
    option_full: Flags,
    price: Numbers,
    option: Numbers,
) -> str | None:
    buckets = problem.buckets
    best: tuple[float, int, str] | None = None
    for at in np.flatnonzero(earlier).tolist():
        place = f"{problem.plants[int(buckets.plant[at])]} {_iso(int(buckets.week_day[at]))}"
        found = [(float(price[at]), f"slots {place}")] if is_full[at] else []
        for k in np.flatnonzero(problem.orders.options[row] & option_full[at]).tolist():
            charge = float(option[int(buckets.week_row[at]), k])
            found.append((charge, f"option {problem.options[k]} {place}"))
        for charge, name in found:
            # The dearest; of equals the latest week, which is the nearest to what it has.
            if best is None or (charge, int(buckets.week_day[at])) > best[:2]:
                best = (charge, int(buckets.week_day[at]), name)
    return None if best is None else best[2]


def _iso(day: int) -> str:
    return str(np.datetime64(day, "D"))


def _option_load(day: Stated, bucket: Integers, price: Numbers, gone: pd.DataFrame) -> pd.DataFrame:
    problem, limits = day.problem, day.limits
    buckets = problem.buckets
    _, used = load(problem, bucket)
    plant = pd.Index(problem.plants).get_indexer(pd.Index(limits["plant_id"]))
    date = limits["week_start_date"].to_numpy(dtype="datetime64[D]").astype(np.int64)
    keys = {
        (int(p), int(d)): at for at, (p, d) in enumerate(zip(buckets.plant, buckets.week_day, strict=True))
    }
    at = np.array(
        [keys.get((int(p), int(d)), NONE) for p, d in zip(plant, date, strict=True)], dtype=np.int64
    )
    option = pd.Index(problem.options).get_indexer(pd.Index(limits["option_id"]))
    known = np.flatnonzero(at >= 0)
    rows = buckets.week_row[at[known]] if len(known) else np.empty(0, dtype=np.int64)
    frame = limits.iloc[known][["plant_id", "week_start_date", "option_id", "slot_units"]].reset_index(
        drop=True
    )
    frame["production_line_id"] = _WHOLE_LINE
    frame["used_units"] = used[rows, option[known]] if len(known) else np.empty(0)
    frame["slot_price"] = price[rows, option[known]] if len(known) else np.empty(0)
    frozen_only = np.ones(len(used), dtype=np.bool_)
    frozen_only[buckets.week_row[~buckets.is_frozen]] = False
    frame["is_frozen"] = frozen_only[rows]
    has = option_flags(gone["options"], problem.options)
    row, k = np.nonzero(has)
    each = gone.iloc[row][["plant_id", "week_start_date"]].reset_index(drop=True)
    each["option_id"] = np.array(problem.options, dtype=object)[k] if len(k) else pd.Series(dtype=object)
    counted = _count(each, ("plant_id", "week_start_date", "option_id"))
    frame["freed_units"] = _looked_up(counted, frame, ("plant_id", "week_start_date", "option_id"))
    return frame


def _count(frame: pd.DataFrame, keys: tuple[str, ...]) -> pd.Series:
    return frame.groupby(list(keys), sort=True).size().astype(np.float64)


def _looked_up(counted: pd.Series, frame: pd.DataFrame, keys: tuple[str, ...]) -> Numbers:
    if counted.empty or frame.empty:
        return np.zeros(len(frame))
    wanted = pd.MultiIndex.from_frame(frame[list(keys)])
    return counted.reindex(wanted).fillna(0.0).to_numpy(np.float64)
