"""What a quote is answered from: the last release, the overlay on it, and what happened since.

A quote reads the few rows of one item. While nothing was done to its pools since they were published,
they are the answer; else the item's pools are folded as the next overlay would. Nothing is written.
"""

from __future__ import annotations

import math
from array import array
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from difflib import get_close_matches
from itertools import accumulate
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from optimization.errors import StockplanError
from optimization.promising.quoting import (
    POOL,
    WHOLE_PLACE,
    NewOrder,
    Question,
    Quote,
    Step,
    Way,
    answer,
)
from optimization.promising.unverified import unverified_p90
from orchestration.lake.ledger import Event, Ledger
from orchestration.lake.paths import Lake
from orchestration.publish.overlay_shelf import Overlay, current_overlay
from orchestration.publish.read_point import read_point
from orchestration.publish.shelf import Release, current_release
from orchestration.settings import Settings

# The ledger's families of operations on quantities and on single units.
_QUANTITIES, _UNITS = "allocation", "unit"
_COLUMNS = ("location_id", "segment_id", "from_date", "atp_units", "expected_atp_units")
_ENDING = ("borrow_ledger", "reservation")


@dataclass(frozen=True)
class Answered:
    """A quote, what it was read from, and the last thing that happened to the item since."""

    quote: Quote
    release_id: str
    overlay_id: str | None
    as_of: date
    events_since: int
    last_event_at: str | None


@dataclass(frozen=True)
class UnitOffer:
    """One unit that can be promised, and when it could be handed over where it is wanted."""

    unit_id: str
    item_id: str
    location_id: str
    ready_p50_date: date
    ready_p90_date: date
    arrival_p90_date: date | None
    list_price: float | None
    description: str


@dataclass(frozen=True)
class UnitsFound:
    """The best units for a wish, how many there are in all, and what they were read from."""

    offers: tuple[UnitOffer, ...]
    found: int
    release_id: str
    as_of: date
    events_since: int
    last_event_at: str | None


def quote_base(lake: Lake, table: str) -> Release:
    """Return the current release. Raises `StockplanError` when there is none with that table."""
    base = current_release(lake)
    if base is None:
        raise StockplanError("there is no release yet; make the first one with: make run")
    if table not in base.tables:
        raise StockplanError(
            f"release {base.release_id} has no table {table}; publish its date again with this version: "
            f"stockplan run --date {base.as_of}"
        )
    return base


def quote_item(
    lake: Lake,
    ledger: Ledger,
    settings: Settings,
    question: Question,
    now: datetime,
    base: Release,
) -> Answered:
    """Answer for an item at a place, on the release `base`, its overlay, and all events up to `now` (UTC).

    Raises `StockplanError` for an item or place that the release does not promise, a segment that there is
    not, or a quantity that is none.
    """
    if not (math.isfinite(question.units) and question.units > 0):
        raise StockplanError(f"--units {question.units} is no quantity to ask for; give a number above 0")
    item = question.item_id
    since = list(ledger.events(_QUANTITIES, None, read_point(base, ledger)[0], base.as_of))
    own = [event for event in since if event.payload.get("item_id") == item]
    overlay = current_overlay(lake)
    if _is_current(base, overlay, own, item, now):
        rows = _published(base, overlay, item)
    else:
        from orchestration.evidence.orders.quote_folds import item_promises

        laid = item_promises(lake, ledger, settings, base, own, item, now)
        rows = _with(_published(base, None, item), laid)
    promises = _steps(rows)
    if question.location_id not in promises:
        known = ", ".join(sorted(set(promises) - {"*"})[:5])
        hint = f"it is promised at {known} …" if known else _items_like(base, item)
        raise StockplanError(
            f"release {base.release_id} promises no {item} at {question.location_id}; {hint}"
        )
    _refuse_unknown_segment(lake, base, question.segment_id)
    told = answer(
        question, promises, _ways(lake, base, settings, question.location_id), _new_order(base, question)
    )
    return Answered(
        told, base.release_id, overlay.overlay_id if overlay else None, base.as_of, len(own), _last(own)
    )


def quote_units(
    lake: Lake,
    ledger: Ledger,
    settings: Settings,
    model: str,
    wish: dict[str, str],
    location_id: str | None,
    now: datetime,
    base: Release,
    limit: int,
) -> UnitsFound:
    """Return the units of a model that can be promised and meet every wish, the earliest first.

    `wish`: column of the units -> value; `option` asks for one of the unit's options. With
    `location_id` units count by when they are there, and those without a lane to it are left out.
    Reservations and blocks since the release count; a unit whose reservation has ended since is free again.
    Raises `StockplanError` for a model, or a wish of it, that no unit of the release has.
    """
    file = lake.border_file("opt_in__stock_unit", base.as_of)
    if not file.is_file():
        raise StockplanError(f"the units of {base.as_of} are no longer in the lake; run this date again")
    names = set(pq.read_schema(file).names)
    asked = _is("model", model)
    for column, value in wish.items():
        if column != "option" and column not in names:
            raise StockplanError(
                f"--wish {column}={value}: units have no {column}; they have {', '.join(sorted(names))}"
            )
        if column != "option":
            # As text: what is wished may be a year or a flag.
            asked &= pc.field(column).cast(pa.string()) == _texts([value])[0]
    units = {row["unit_id"]: row for row in pq.read_table(file, filters=asked, partitioning=None).to_pylist()}
    if "option" in wish:
        units = {
            one: row for one, row in units.items() if wish["option"] in (row["options"] or "").split("|")
        }
    if not units:
        _refuse_unknown(file, base, model, wish)
    chosen = pc.field("unit_id").isin(_texts(sorted(units)))
    state = pq.read_table(base.tables["unit_atp"], filters=chosen, partitioning=None).to_pylist()
    events = [event for event in ledger.events(_UNITS) if _unit_of(event) in units]
    is_taken: dict[str, bool] = {}
    if events:
        from orchestration.evidence.orders.quote_folds import taken_units

        is_taken = taken_units(events, now, settings, base.as_of)
    since = [event for event in events if event.seq > read_point(base, ledger)[0]]
    ways = (
        {way.from_location_id: way for way in _ways(lake, base, settings, location_id)} if location_id else {}
    )
    offers = []
    for row in state:
        # Of what the release says, only a reservation can have ended since without anything else in the way.
        is_free = row["is_promisable"] or row["reason_code"] == "UNIT_RESERVED"
        if (
            not is_free
            or is_taken.get(row["unit_id"], not row["is_promisable"])
            or row["ready_p90_date"] is None
        ):
            continue
        offer = _unit_offer(row, units[row["unit_id"]], location_id, ways)
        if offer is not None:
            offers.append(offer)
    offers.sort(
        key=lambda one: (one.arrival_p90_date or one.ready_p90_date, one.list_price or 0.0, one.unit_id)
    )
    return UnitsFound(
        tuple(offers[:limit]), len(offers), base.release_id, base.as_of, len(since), _last(since)
    )


def _items_like(base: Release, item: str) -> str:
    items = pc.unique(pq.read_table(base.tables["atp"], columns=["item_id"], partitioning=None)["item_id"])
    return _nearest(item, set(items.to_pylist()))


def _refuse_unknown_segment(lake: Lake, base: Release, segment_id: str) -> None:
    """Raise `StockplanError` for a segment that the source does not have, where it has any."""
    file = lake.border_file("opt_in__segment", base.as_of)
    if segment_id in (WHOLE_PLACE, POOL) or not file.is_file():
        return
    known = set(pq.read_table(file, columns=["segment_id"], partitioning=None)["segment_id"].to_pylist())
    if known and segment_id not in known:
        raise StockplanError(f"there is no segment {segment_id}; {_nearest(segment_id, known)}")


def _refuse_unknown(file: Path, base: Release, model: str, wish: dict[str, str]) -> None:
    """Name what of a wish no unit of the release has. Raises `StockplanError` for the first such part."""
    models = {
        one for one in pq.read_table(file, columns=["model"], partitioning=None)["model"].to_pylist() if one
    }
    if model not in models:
        raise StockplanError(
            f"release {base.release_id} knows no unit of the model {model}; {_nearest(model, models)}"
        )
    for column, value in wish.items():
        name = "options" if column == "option" else column
        of_model = pq.read_table(file, columns=[name], filters=_is("model", model), partitioning=None)
        texts = {str(one) for one in of_model[name].cast(pa.string()).to_pylist() if one is not None}
        values = {one for text in texts for one in text.split("|")} if column == "option" else texts
        if value not in values:
            raise StockplanError(f"no {model} has {column}={value}; {_nearest(value, values)}")


def _nearest(asked: str, known: set[str]) -> str:
    """Say which of the known names are most like the one that is asked for, or some of them."""
    by_lower = {one.lower(): one for one in sorted(known)}
    like = [by_lower[one] for one in get_close_matches(asked.lower(), sorted(by_lower), 5, 0.5)]
    named = like or sorted(known)[:5]
    return f"{'nearest are' if like else 'there are'} {', '.join(named) or 'none'}"


def _is(column: str, text: str) -> pc.Expression:
    """The rows of which a column has this text."""
    return pc.field(column) == _texts([text])[0]


def _texts(values: list[str]) -> pa.StringArray:
    """Texts for a filter. What pyarrow makes of Python's own imports pandas first, half of a quote's time."""
    coded = [one.encode() for one in values]
    ends = array("i", accumulate(map(len, coded), initial=0))
    return pa.StringArray.from_buffers(
        len(coded), pa.py_buffer(ends.tobytes()), pa.py_buffer(b"".join(coded))
    )


def _unit_of(event: Event) -> str:
    return str(event.payload.get("unit_id") or event.subject)


def _last(events: list[Event]) -> str | None:
    return max((str(event.payload.get("event_at") or event.recorded_at) for event in events), default=None)


def _is_current(base: Release, overlay: Overlay | None, own: list[Event], item: str, now: datetime) -> bool:
    """Whether release and overlay hold all that was done to the item, and nothing of it has ended since."""
    told_until = "" if overlay is None else str(overlay.manifest["until"])
    seen = 0 if overlay is None else int(overlay.manifest["ledger_read"]["seq"])
    if any(event.seq > seen or str(event.payload["event_at"])[:19] > told_until[:19] for event in own):
        return False
    of_item = _is("item_id", item)
    shelves = (base.tables, {} if overlay is None else overlay.tables)
    for file in (tables[name] for tables in shelves for name in _ENDING if name in tables):
        table = pq.read_table(file, columns=["expires_at", "open_units"], filters=of_item, partitioning=None)
        for row in table.to_pylist():
            if row["expires_at"] is None or row["open_units"] <= 0:
                continue
            if told_until[:19] < row["expires_at"].isoformat()[:19] <= now.isoformat()[:19]:
                return False
    return True


def _published(base: Release, overlay: Overlay | None, item: str) -> list[dict[str, Any]]:
    """The item's promises as published; the overlay's in place of the release's at the places it tells of."""
    of_item = _is("item_id", item)

    def read(file: Path) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = pq.read_table(
            file, columns=list(_COLUMNS), filters=of_item, partitioning=None
        ).to_pylist()
        return rows

    rows = read(base.tables["atp"])
    if overlay is None or "atp" not in overlay.tables:
        return rows
    return _with(rows, read(overlay.tables["atp"]))


def _with(rows: list[dict[str, Any]], laid: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The rows, with those that are newer in place of their places' own."""
    places = {row["location_id"] for row in laid}
    return [row for row in rows if row["location_id"] not in places] + laid


def _steps(rows: list[dict[str, Any]]) -> dict[str, dict[str, list[Step]]]:
    """The rows by location and segment, in order of days."""
    found: dict[str, dict[str, list[Step]]] = {}
    for row in sorted(rows, key=lambda one: one["from_date"]):
        step = Step(row["from_date"], row["atp_units"], row["expected_atp_units"])
        found.setdefault(row["location_id"], {}).setdefault(row["segment_id"], []).append(step)
    return found


def _ways(lake: Lake, base: Release, settings: Settings, location_id: str) -> list[Way]:
    """Lanes to a place: by what deliveries on them took, else by what is stated and usually varies."""
    file = lake.border_file("opt_in__lane", base.as_of)
    if not file.is_file():
        return []
    lanes = pq.read_table(file, filters=_is("to_location_id", location_id), partitioning=None).to_pylist()
    learnt = {}
    if "lead_time" in base.tables:
        names = ["supplier_id", "lead_time_p50_days", "lead_time_p90_days"]
        chosen = _is("location_id", location_id)
        table = pq.read_table(base.tables["lead_time"], columns=names, filters=chosen, partitioning=None)
        learnt = {row["supplier_id"]: row for row in table.to_pylist()}
    cv = settings.orders.promises.parameters().unverified_cv
    ways = []
    for row in lanes:
        known = learnt.get(row["from_location_id"])
        stated = row["transit_days"]
        p50 = known["lead_time_p50_days"] if known else stated
        p90 = known["lead_time_p90_days"] if known else unverified_p90(stated, cv)
        ways.append(
            Way(
                row["from_location_id"],
                math.ceil(p50),
                math.ceil(p90),
                row["cost_fixed"],
                row["cost_per_unit"],
            )
        )
    return ways


def _new_order(base: Release, question: Question) -> NewOrder | None:
    if "capable_to_promise" not in base.tables:
        return None
    chosen = _is("item_id", question.item_id) & _is("location_id", question.location_id)
    names = ["beyond_p50_date", "beyond_p90_date"]
    rows = pq.read_table(
        base.tables["capable_to_promise"], columns=names, filters=chosen, partitioning=None
    ).to_pylist()
    if not rows or rows[0]["beyond_p90_date"] is None:
        return None
    return NewOrder(rows[0]["beyond_p50_date"], rows[0]["beyond_p90_date"])


def _unit_offer(
    row: dict[str, Any], unit: dict[str, Any], location_id: str | None, ways: dict[str, Way]
) -> UnitOffer | None:
    """The unit as it is offered; None where no lane leads to where it is wanted."""
    arrival = None
    if location_id == row["location_id"]:
        arrival = row["ready_p90_date"]
    elif location_id is not None:
        way = ways.get(row["location_id"])
        if way is None:
            return None
        arrival = row["ready_p90_date"] + timedelta(days=way.transit_p90_days)
    told = (unit.get(name) for name in ("trim", "powertrain", "color", "options"))
    return UnitOffer(
        row["unit_id"],
        row["item_id"],
        row["location_id"],
        row["ready_p50_date"],
        row["ready_p90_date"],
        arrival,
        unit.get("list_price"),
        " · ".join(str(one) for one in told if one),
    )
