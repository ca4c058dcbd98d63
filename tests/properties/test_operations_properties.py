"""Random sequences of operations against a plain book-keeper that knows nothing of arrays.

The book-keeper is written from what every operation means, with dictionaries and one event at a time.
"""

from __future__ import annotations

import math
from dataclasses import fields
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from optimization.allocation.book import NEVER, Book
from optimization.allocation.operations.availability import available, soft_reserved
from optimization.allocation.operations.events import Events, stated_events
from optimization.allocation.operations.fold import Folded, fold
from optimization.allocation.operations.vocabulary import OPERATION_NAMES
from tests.allocation_books import DAY, MINUTE_NS, book

LEAST_STEPS = 20_000
STEPS, EXAMPLES = 50, 410

TERMS: dict[str, dict[str, Any]] = {
    "A": {"tier": 1, "borrow_ratio": 0.5, "path": "web/private"},
    "B": {"tier": 2, "borrow_cap_units": 6.0, "borrow_days": 1, "path": "web/fleet"},
    "C": {"tier": 2, "may_borrow": False, "path": "store"},
    "D": {"tier": 3, "borrow_ratio": 0.75, "borrow_days": 0, "borrow_repays": False, "path": "x"},
}
KEYS = [("bolt", "N"), ("bolt", "S"), ("car", "*")]
WHOLE = [True, False, True]
UNTIL = DAY.value + 48 * 60 * MINUTE_NS

_KINDS = [
    *("allocate", "unallocate", "reallocate", "consume", "consume", "reserve", "reserve", "reserve"),
    *("extend", "release", "release", "offset", "adjust", "adjust", "rebalance", "destroy"),
]
_NAMED = [*"AABBCDD" * 3, "POOL", None, "web/fleet", "Z", "web//fleet"]
_UNITS = [
    *(float(units) for units in (1, 1, 1, 2, 2, 2, 3, 3, 4, 5, 7, 9) * 2),
    0.25,
    1.5,
    0.0,
    -1.0,
    math.inf,
]
# An adjustment of so many units takes as much away instead.
_LOST = {1.0: -1.0, 4.0: -8.0, 5.0: -20.0, 7.0: -30.0, 9.0: -45.0}
_PLACES = [*KEYS * 8, ("bolt", "*"), ("car", "N"), ("nut", "N")]
_HOURS = [0, 0, 1, 2, 5, 9, 23, 24, 25, 40, 47, 60]

_STEP = st.tuples(
    st.integers(0, len(_KINDS) - 1),
    st.integers(0, len(_PLACES) - 1),
    st.integers(0, len(_NAMED) - 1),
    st.integers(0, len(_NAMED) - 1),
    st.integers(0, len(_UNITS) - 1),
    st.integers(0, len(_HOURS) - 1),
    st.integers(-1, 12),
    st.integers(0, 9),
    st.integers(0, 6),
)


def _frame(steps: list[tuple[int, ...]]) -> pd.DataFrame:
    """Events of the ledger; ids are spread so that equal times are decided by them."""
    made = []
    for number, (kind, place, segment, to, units, hour, lasts, which, due) in enumerate(steps):
        at = DAY + pd.Timedelta(hours=_HOURS[hour])
        operation = _KINDS[kind]
        # Few names, mostly of reservations that were made a little before.
        age = 0 if operation == "reserve" else lasts % 2
        named = f"r{which % 3}-{max(hour // 3 - age, 0)}" if which < 9 else None
        if operation == "consume" and which > 2:
            named = None
        if operation in ("extend", "release", "offset") and which > 1:
            segment = _NAMED.index(None)
        amount = math.nan if operation in ("release", "offset") and units % 3 == 0 else _UNITS[units]
        if operation == "adjust":
            amount = _LOST.get(amount, amount)
        made.append(
            {
                "event_id": f"e{number * 37 % 101:03d}",
                "ledger_seq": number,
                "event_at": at if due < 6 or hour else pd.NaT,
                "business_date": DAY,
                "operation": operation,
                "item_id": _PLACES[place][0],
                "location_id": _PLACES[place][1],
                "units": amount,
                "actor": "ann",
                "audit_type": "USER",
                "action_id": "twice"
                if which == 9 and due == 0
                else f"a{number}"
                if lasts > -1 or units > 8
                else "",
                "segment_id": _NAMED[segment],
                "to_segment_id": _NAMED[to],
                "reservation_id": named,
                "expires_at": at + pd.Timedelta(hours=lasts * 2) if lasts < 12 else pd.NaT,
                "due_date": DAY + pd.Timedelta(days=due) if due < 3 else pd.NaT,
            }
        )
    return pd.DataFrame(made)


class Keeper:
    """The plain book-keeper."""

    def __init__(self, start: Book) -> None:
        names = list(start.segments.segment_id)
        self.pools = {
            key: {
                "free": float(start.pool[row]),
                "start": float(start.pool_at_start[row]),
                "safety": float(start.safety[row]),
                "whole": bool(start.is_whole[row]),
                "used": 0.0,
                "own": dict(zip(names, start.own[row].tolist(), strict=True)),
                "consumed": dict.fromkeys(names, 0.0),
                "given": dict.fromkeys(names, 0.0),
            }
            for row, key in enumerate(KEYS)
        }
        self.loans: list[dict[str, Any]] = []
        self.held: dict[str, dict[str, Any]] = {}
        self.actions: set[str] = set()
        self.added = 0.0

    # --- keys

    @staticmethod
    def _segment(name: str | None) -> str | None:
        """Id of a named segment; None for the common pool, ? unknown, ! a gap in the path."""
        if name in (None, "POOL"):
            return None
        if name in TERMS:
            return name
        by_path = {str(terms["path"]): segment for segment, terms in TERMS.items()}
        return by_path.get(str(name), "!" if "//" in str(name) else "?")

    @classmethod
    def order(cls, event: dict[str, Any]) -> tuple[Any, ...]:
        segment = cls._segment(event["segment_id"])
        tier = TERMS[segment]["tier"] if segment in TERMS else 99
        far = pd.Timestamp.max
        at = far if pd.isna(event["event_at"]) else event["event_at"]
        due = far if pd.isna(event["due_date"]) else event["due_date"]
        return at, tier, due, event["event_id"]

    # --- what ends

    def end(self, now: int) -> None:
        """Reservations before loans that end at the same time, each in the order of its making."""
        due = [(held["end"], 0, number, held) for number, held in enumerate(self.held.values())]
        due += [(loan["end"], 1, number, loan) for number, loan in enumerate(self.loans)]
        for end, kind, _, row in sorted(due, key=lambda entry: entry[:3]):
            if end > now or row["over"]:
                continue
            if kind == 0:
                row["expired"] = row["own"] + row["free"]
                self._back(row, row["expired"])
            else:
                row["lapsed"], row["open"] = row["open"], 0.0
            row["over"] = True

    def _back(self, held: dict[str, Any], units: float) -> None:
        pool = self.pools[held["pool"]]
        free = min(units, held["free"])
        own = units - free
        held["free"] -= free
        held["own"] -= own
        pool["free"] += free
        if held["segment"] is not None:
            pool["own"][held["segment"]] += own
        if held["loan"] is not None and not held["loan"]["over"]:
            self._paid(held["loan"], min(free, held["loan"]["open"]))

    @staticmethod
    def _paid(loan: dict[str, Any], units: float) -> None:
        loan["open"] -= units
        loan["returned"] += units
        loan["over"] = loan["open"] == 0

    # --- what may be taken

    def allowance(self, key: tuple[str, str], segment: str) -> float:
        terms, pool = TERMS[segment], self.pools[key]
        if not terms.get("may_borrow", True):
            return 0.0
        mine = [loan for loan in self.loans if loan["pool"] == key and loan["segment"] == segment]
        taken = sum(loan["units"] - loan["returned"] for loan in mine)
        still = sum(loan["open"] for loan in mine)
        room = min(
            terms.get("borrow_ratio", 1.0) * pool["start"] - taken,
            terms.get("borrow_cap_units", math.inf) - still,
            pool["free"] - pool["safety"],
        )
        return max(math.floor(room) if pool["whole"] else room, 0.0)

    def _take(self, key: tuple[str, str], segment: str | None, units: float, now: int) -> Any:
        """(reason of refusal, own part, pool part, loan)."""
        pool = self.pools[key]
        if segment is None:
            if units > pool["free"]:
                return "POOL_SHORT", 0.0, 0.0, None
            pool["free"] -= units
            return "", 0.0, units, None
        if units > pool["own"][segment] + self.allowance(key, segment):
            return "BEYOND_ALLOWANCE", 0.0, 0.0, None
        own = min(units, pool["own"][segment])
        free = units - own
        pool["own"][segment] -= own
        pool["free"] -= free
        loan = None
        if free:
            days = TERMS[segment].get("borrow_days", -1)
            loan = {
                "pool": key,
                "segment": segment,
                "units": free,
                "open": free,
                "returned": 0.0,
                "lapsed": 0.0,
                "end": math.inf if days < 0 else now + days * 24 * 60 * MINUTE_NS,
                "over": False,
                "held": None,
            }
            self.loans.append(loan)
        return "", own, free, loan

    def _count(self, key: tuple[str, str], segment: str | None, units: float) -> None:
        if segment is None:
            self.pools[key]["used"] += units
        else:
            self.pools[key]["consumed"][segment] += units

    # --- one event

    def tell(self, event: dict[str, Any], until: int) -> str:
        """Reason of refusal, empty if the event took effect."""
        at = event["event_at"]
        if pd.isna(at) or at.value > until:
            return "EVENT_AHEAD"
        self.end(at.value)
        reason = self._broken_rule(event) or self._do(event, at.value)
        if not reason:
            self.actions.add(event["action_id"])
        return reason

    def _broken_rule(self, event: dict[str, Any]) -> str:
        kind, key, units = event["operation"], (event["item_id"], event["location_id"]), event["units"]
        if kind == "destroy":
            return "UNKNOWN_OPERATION"
        if key not in self.pools:
            return (
                "WRONG_LEVEL"
                if key[0] in {item for item, _ in KEYS} and key != ("nut", "N")
                else "UNKNOWN_POOL"
            )
        named = [self._segment(event["segment_id"])]
        if kind == "reallocate":
            named.append(self._segment(event["to_segment_id"]))
        for segment in named:
            if segment in ("?", "!"):
                return "UNKNOWN_SEGMENT" if segment == "?" else "BROKEN_PREFIX"
        if not event["action_id"]:
            return "ACTION_MISSING"
        if event["action_id"] in self.actions:
            return "DUPLICATE_ACTION"
        if kind not in ("extend", "rebalance") and not (kind in ("release", "offset") and math.isnan(units)):
            if not math.isfinite(units):
                return "UNITS_IMPLAUSIBLE"
            if (units < 0 and kind != "adjust") or (units == 0 and kind not in ("release", "offset")):
                return "UNITS_NOT_POSITIVE"
            if self.pools[key]["whole"] and units % 1:
                return "NOT_WHOLE_UNITS"
        if kind in ("allocate", "unallocate", "reallocate") and None in named:
            return "SEGMENT_MISSING"
        return "SAME_SEGMENT" if len(named) == 2 and named[0] == named[1] else ""

    def _do(self, event: dict[str, Any], now: int) -> str:
        kind, key = event["operation"], (event["item_id"], event["location_id"])
        units, segment = event["units"], self._segment(event["segment_id"])
        pool = self.pools[key]
        if kind == "allocate":
            if units > pool["free"]:
                return "POOL_SHORT"
            pool["free"] -= units
            pool["own"][segment] += units
            pool["given"][segment] += units
        elif kind in ("unallocate", "reallocate"):
            if units > pool["own"][segment]:
                return "QUOTA_SHORT"
            pool["own"][segment] -= units
            if kind == "unallocate":
                pool["free"] += units
            else:
                to = self._segment(event["to_segment_id"])
                pool["own"][to] += units
                pool["given"][to] += units
        elif kind == "adjust":
            return self._adjust(pool, key, segment, units)
        elif kind != "rebalance":
            return self._reserved(event, kind, key, segment, units, now)
        return ""

    def _adjust(self, pool: dict[str, Any], key: tuple[str, str], segment: str | None, units: float) -> str:
        if units < 0:
            lost = -units
            if lost > pool["free"] + sum(pool["own"].values()):
                return "SUPPLY_SHORT"
            cuts: list[str | None] = [segment] if segment else []
            cuts += [None, *sorted(TERMS, key=lambda name: (TERMS[name]["tier"], name), reverse=True)]
            for cut in cuts:
                here = pool["free"] if cut is None else pool["own"][cut]
                part = min(lost, here)
                lost -= part
                if cut is None:
                    pool["free"] -= part
                else:
                    pool["own"][cut] -= part
        elif segment is None:
            pool["free"] += units
        else:
            left = units
            for loan in self.loans:
                mine = loan["pool"] == key and loan["segment"] == segment and not loan["over"]
                if mine and TERMS[segment].get("borrow_repays", True):
                    part = min(left, loan["open"])
                    left -= part
                    pool["free"] += part
                    if part:
                        self._paid(loan, part)
                    held = loan["held"]
                    if held is not None and held["free"] > loan["open"]:
                        held["own"] += held["free"] - loan["open"]
                        held["free"] = loan["open"]
            pool["own"][segment] += left
        self.added += units
        return ""

    def _reserved(
        self,
        event: dict[str, Any],
        kind: str,
        key: tuple[str, str],
        segment: str | None,
        units: float,
        now: int,
    ) -> str:
        name, end = event["reservation_id"], event["expires_at"]
        ends = math.inf if pd.isna(end) else end.value
        held = self.held.get(name) if name else None
        if kind != "consume" and not name:
            return "RESERVATION_MISSING"
        if kind == "reserve":
            if held is not None:
                return "RESERVATION_EXISTS"
            if ends <= now:
                return "EXPIRY_NOT_AHEAD"
            reason, own, free, loan = self._take(key, segment, units, now)
            if not reason:
                held = {"pool": key, "segment": segment, "own": own, "free": free, "loan": loan, "end": ends}
                held |= {"over": False, "expired": 0.0, "units": units}
                self.held[name] = held
                if loan is not None:
                    loan["held"] = held
            return reason
        if held is None and kind != "consume":
            return "RESERVATION_UNKNOWN"
        if held is not None:
            is_other = segment != held["segment"] and (kind == "consume" or segment is not None)
            if held["pool"] != key or is_other:
                return "RESERVATION_ELSEWHERE"
            if kind != "consume" and held["over"]:
                return "RESERVATION_OVER"
        still = held["own"] + held["free"] if held is not None else 0.0
        if kind == "consume":
            before = min(units, still)
            reason, *_ = self._take(key, segment, units - before, now)
            if not reason:
                if held is not None and before:
                    self._use(held, before)
                self._count(key, segment, units)
            return reason
        assert held is not None
        if kind == "extend":
            if ends <= now or ends == math.inf:
                return "EXPIRY_NOT_AHEAD"
            held["end"] = ends
            return ""
        if math.isnan(units) or not units:
            units = still
        if units > still:
            return "RESERVATION_SHORT"
        if kind == "release":
            self._back(held, units)
            held["over"] = held["own"] + held["free"] == 0
        else:
            self._use(held, units)
            self._count(key, held["segment"], units)
        return ""

    @staticmethod
    def _use(held: dict[str, Any], units: float) -> None:
        own = min(units, held["own"])
        held["own"] -= own
        held["free"] -= units - own
        held["over"] = held["own"] + held["free"] == 0


def _assert_as_kept(folded: Folded, keeper: Keeper) -> None:
    after, names = folded.book, list(TERMS)
    for row, key in enumerate(KEYS):
        pool = keeper.pools[key]
        assert after.pool[row] == pool["free"] and after.pool_consumed[row] == pool["used"]
        assert after.own[row].tolist() == [pool["own"][name] for name in names]
        assert after.consumed[row].tolist() == [pool["consumed"][name] for name in names]
        assert after.cumulative_allocated[row].tolist() == [pool["given"][name] for name in names]
        can = [pool["own"][name] + keeper.allowance(key, name) for name in names]
        assert available(after)[row].tolist() == can
    loans = after.loans
    assert loans.open_units.tolist() == [loan["open"] for loan in keeper.loans]
    assert loans.returned_units.tolist() == [loan["returned"] for loan in keeper.loans]
    assert loans.expired_units.tolist() == [loan["lapsed"] for loan in keeper.loans]
    assert (loans.closed_at < NEVER).tolist() == [loan["over"] for loan in keeper.loans]
    held = after.reservations
    assert held.reservation_id.tolist() == list(keeper.held)
    assert held.own_units.tolist() == [one["own"] for one in keeper.held.values()]
    assert held.pool_units.tolist() == [one["free"] for one in keeper.held.values()]
    assert held.expired_units.tolist() == [one["expired"] for one in keeper.held.values()]
    assert after.applied_actions == keeper.actions


def _assert_sound(start: Book, folded: Folded, added: float) -> None:
    """Nothing negative, nothing lost: what was there and what came is somewhere."""
    after, held, loans = folded.book, folded.book.reservations, folded.book.loans
    for field in fields(Book):
        values = getattr(after, field.name)
        assert not isinstance(values, np.ndarray) or values.dtype.kind != "f" or (values >= 0).all()
    assert (
        min(held.own_units.min(initial=0), held.pool_units.min(initial=0), loans.open_units.min(initial=0))
        == 0
    )
    there = start.own.sum() + start.pool.sum() + added
    now = after.own.sum() + after.pool.sum() + after.consumed.sum() + after.pool_consumed.sum()
    assert now + held.open_units.sum() == there
    parts = held.open_units + held.consumed_units + held.released_units + held.expired_units
    assert (parts == held.units).all()
    assert (loans.open_units + loans.returned_units + loans.expired_units == loans.units).all()


def _assert_replayed(start: Book, events: Events, folded: Folded) -> None:
    """The accepted lines alone lead to the state, and nobody's line lowers another's quota."""
    own, pool = start.own.copy(), start.pool.copy()
    consumed, reserved = np.zeros((len(start), len(TERMS) + 1)), np.zeros((len(start), len(TERMS) + 1))
    given, lines = np.zeros(start.own.shape), folded.outcomes
    for row in np.flatnonzero(lines.is_accepted):
        name = OPERATION_NAMES[lines.operation[row]]
        place = lines.pool[row], lines.segment[row]
        if lines.segment[row] >= 0:
            own[place] += lines.own_units[row]
            assert own[place] == lines.own_after[row]
        else:
            assert lines.own_units[row] == 0
        pool[lines.pool[row]] += lines.pool_units[row]
        assert pool[lines.pool[row]] == lines.pool_after[row]
        if name in ("consume", "offset"):
            consumed[place] += lines.effective_units[row]
        if name == "reallocate":
            own[lines.pool[row], lines.to_segment[row]] -= lines.own_units[row]
        if name in ("allocate", "reallocate"):
            given[lines.pool[row], lines.to_segment[row] if name == "reallocate" else place[1]] += (
                lines.units[row]
            )
        if name in ("consume", "offset", "reserve", "release", "expire"):
            used = lines.effective_units[row] if name in ("consume", "offset") else 0.0
            reserved[place] -= lines.own_units[row] + lines.pool_units[row] + used
        if lines.event[row] >= 0 and lines.own_units[row] < 0:
            assert events.segment[lines.event[row]] == lines.segment[row]
        assert lines.own_units[row] >= 0 or name not in ("release", "expire", "extend", "offset", "rebalance")
    assert np.array_equal(own, folded.book.own) and np.array_equal(pool, folded.book.pool)
    assert np.array_equal(consumed[:, :-1], folded.book.consumed)
    assert np.array_equal(consumed[:, -1], folded.book.pool_consumed)
    assert np.array_equal(given, folded.book.cumulative_allocated)
    assert np.array_equal(reserved, soft_reserved(folded.book))


def _assert_same_book(one: Book, other: Book) -> None:
    for field in fields(Book):
        _assert_same(getattr(one, field.name), getattr(other, field.name), field.name)


def _assert_same(one: Any, other: Any, name: str) -> None:
    if isinstance(one, np.ndarray):
        assert np.array_equal(one, other), name
    elif hasattr(one, "__dataclass_fields__"):
        for field in fields(one):
            _assert_same(getattr(one, field.name), getattr(other, field.name), f"{name}.{field.name}")
    else:
        assert one == other, name


def _assert_same_lines(one: Folded, other: Folded, ids: tuple[Any, Any]) -> None:
    for field in fields(one.outcomes):
        first, second = getattr(one.outcomes, field.name), getattr(other.outcomes, field.name)
        if field.name == "event":
            first, second = (
                np.append(names, "")[rows] for names, rows in zip(ids, (first, second), strict=True)
            )
        assert np.array_equal(first, second), field.name


def test_operations_in_any_sequence_are_as_kept_by_hand(capsys: pytest.CaptureFixture[str]) -> None:
    done = dict.fromkeys(("steps", "accepted", "lines", "loans", "lent reservations"), 0)
    reasons: set[str] = set()

    # A failing sequence is told as it was found: making it small takes minutes.
    @settings(max_examples=EXAMPLES, deadline=None, phases=[Phase.generate])
    @given(
        steps=st.lists(_STEP, min_size=STEPS, max_size=STEPS),
        units=st.lists(st.integers(0, 25), min_size=15, max_size=15),
        seed=st.integers(0, 1_000),
        cut=st.integers(0, 48),
    )
    def sequences(steps: list[tuple[int, ...]], units: list[int], seed: int, cut: int) -> None:
        # Little of their own, so that they borrow.
        own, pool = np.array(units[:12]).reshape(3, 4) // 5, [unit * 3.0 for unit in units[12:]]
        start = book(TERMS, own.tolist(), pool, safety=2.0, is_whole=WHOLE, keys=KEYS)
        frame = _frame(steps)
        events = stated_events(start, frame, None)
        folded = fold(start, events, UNTIL)

        keeper = Keeper(start)
        kept = [
            (event["event_id"], keeper.tell(event, UNTIL))
            for event in sorted(frame.to_dict("records"), key=Keeper.order)
        ]
        keeper.end(UNTIL)
        lines = folded.outcomes
        told = lines.event >= 0
        refused = np.where(lines.is_accepted, "", lines.reason)[told]
        assert list(zip(events.event_id[lines.event[told]], refused, strict=True)) == kept
        _assert_as_kept(folded, keeper)
        _assert_sound(start, folded, keeper.added)
        _assert_replayed(start, events, folded)

        # The order of the rows says nothing; what was refused might as well not have been told.
        order = np.random.default_rng(seed).permutation(len(events))
        mixed = events.rows(order)
        again = fold(start, mixed, UNTIL)
        _assert_same_book(folded.book, again.book)
        _assert_same_lines(folded, again, (events.event_id, mixed.event_id))
        taken = np.sort(lines.event[told & lines.is_accepted])
        _assert_same_book(folded.book, fold(start, events.rows(taken), UNTIL).book)

        # A fold may be cut at any time.
        at = DAY.value + cut * 60 * MINUTE_NS
        early = fold(start, events.rows(events.at <= at), at)
        _assert_same_book(folded.book, fold(early.book, events.rows(events.at > at), UNTIL).book)

        done["steps"] += len(frame)
        done["accepted"] += int(lines.is_accepted[told].sum())
        done["lines"] += len(lines)
        done["loans"] += len(folded.book.loans)
        done["lent reservations"] += int((folded.book.loans.reservation_id != "").sum())
        reasons.update(lines.reason.tolist())

    sequences()
    with capsys.disabled():
        print("\noperations:", ", ".join(f"{count} {name}" for name, count in done.items()))
    assert done["steps"] >= LEAST_STEPS
    assert done["accepted"] >= 0.25 * LEAST_STEPS
    assert len(reasons) >= 30, sorted(reasons)
