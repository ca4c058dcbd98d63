"""The lines of the allocation ledger: operations with what became of them, then what the cycle changed."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from optimization.allocation.book import NEVER, POOL, Book, Texts
from optimization.allocation.cycle import Applied, Cycle
from optimization.allocation.moments import as_stamps
from optimization.allocation.operations.vocabulary import COMMON, OPERATION_NAMES, names_of
from optimization.allocation.telling.change_lines import ACTOR, Grounds, change_lines
from optimization.allocation.telling.forms import in_form, or_none
from optimization.allocation.telling.identities import line_ids
from optimization.contracts.allocation_tables import ALLOCATION_ENTRY
from optimization.reasons import REASONS

# Operations on a pool as a whole; all others without a segment are on the common pool itself.
_OF_ALL = ("adjust", "rebalance", "sync")
_POOL = ["item_id", "location_id"]


def entry_frame(cycle: Cycle, pool_formula: str, as_of: pd.Timestamp) -> pd.DataFrame:
    """`opt_out__allocation_entry` of a cycle, in the order in which the lines took effect."""
    grounds = Grounds(
        book=cycle.book,
        target=cycle.target,
        supply=cycle.facts.supply,
        counted=cycle.counted,
        rule=cycle.aim.targets.rule,
        rules=cycle.aim.rules,
        trigger=cycle.verdict.trigger,
        pool_formula=pool_formula,
        at=cycle.at,
        moment=as_of.date().isoformat(),
    )
    done = operation_lines(cycle.previous.book, cycle.operations)
    return numbered([done, requested_by(done, change_lines(cycle.lines, grounds))])


def requested_by(done: pd.DataFrame, lines: pd.DataFrame) -> pd.DataFrame:
    """Lines of the system; those of a rebalancing on request bear the pool's last request as parent.

    `done`: lines of operations. Both with columns of `opt_out__allocation_entry`.
    """
    if not len(done) or not len(lines):
        return lines
    asked = done[(done["operation"] == "rebalance") & (done["entry_status"] == "accepted")]
    request = asked.drop_duplicates(_POOL, keep="last").set_index(_POOL)["action_id"]
    parent = request.reindex(pd.MultiIndex.from_frame(lines[_POOL])).to_numpy(dtype=object, copy=True)
    is_requested = lines["related_by_action_id"].str.startswith("request:") & pd.notna(parent)
    parent[~is_requested.to_numpy(dtype=np.bool_)] = None
    return lines.assign(parent_action_id=parent)


def numbered(parts: list[pd.DataFrame]) -> pd.DataFrame:
    """The lines one part after the other, in the contract's form."""
    parts = [part for part in parts if len(part)]
    count = sum(map(len, parts))

    def stacked(name: str) -> Any:
        told = [
            part[name].to_numpy() if name in part else np.full(len(part), None, dtype=object)
            for part in parts
        ]
        return np.concatenate(told) if told else np.zeros(0, dtype=object)

    names = [name for name in ALLOCATION_ENTRY.column_names if name != "entry_number"]
    frame = pd.DataFrame({name: stacked(name) for name in names})
    return in_form(frame.assign(entry_number=np.arange(1, count + 1)), ALLOCATION_ENTRY)


def operation_lines(book: Book, operations: Applied) -> pd.DataFrame:
    """Operations in the order of the fold, refused ones too, and what the fold itself ended.

    `book` is any with the same pools and segments. Columns of `opt_out__allocation_entry`.
    """
    outcomes, events, named = operations.outcomes, operations.events, operations.named
    if not len(outcomes):
        return pd.DataFrame()
    row = outcomes.event

    def of_event(values: Texts, otherwise: object) -> Texts:
        # The system's own lines have row -1, which is the last place.
        return np.append(values, np.array([otherwise], dtype=object))[row]

    def raw(name: str) -> Texts:
        values = named[name].astype(object)
        return of_event(values.where(values.notna(), None).to_numpy(dtype=object), None)

    operation = names_of(outcomes.operation, OPERATION_NAMES)
    known = outcomes.pool >= 0
    items, locations = (np.append(keys, np.array([""], object)) for keys in (book.item_id, book.location_id))
    pool = np.where(known, outcomes.pool, -1)
    names = np.append(book.segments.segment_id, np.array([POOL], dtype=object))
    segment = np.where(
        outcomes.segment >= COMMON, names[np.maximum(outcomes.segment, COMMON)], raw("segment_id")
    )
    is_whole_pool = (outcomes.segment == COMMON) & np.isin(operation, _OF_ALL)
    to_segment = np.where(
        outcomes.to_segment >= 0, names[np.maximum(outcomes.to_segment, COMMON)], raw("to_segment_id")
    )
    event_id, note = of_event(events.event_id, ""), of_event(events.note, "")
    by_system = np.where(row < 0, outcomes.action_id, "")
    expires_at, due = (np.append(times, NEVER)[row] for times in (events.expires_at, events.due))
    return pd.DataFrame(
        {
            "entry_id": line_ids("E", {"event": event_id, "action": by_system}),
            "event_at": as_stamps(outcomes.at),
            "operation": operation,
            "item_id": np.where(known, items[pool], raw("item_id")),
            "location_id": np.where(known, locations[pool], raw("location_id")),
            "units": np.where(np.isfinite(outcomes.units), outcomes.units, 0.0),
            "effective_units": outcomes.effective_units,
            # A zero of either sign is one zero.
            "own_units": outcomes.own_units + 0.0,
            "pool_units": outcomes.pool_units + 0.0,
            "own_after_units": outcomes.own_after,
            "pool_after_units": outcomes.pool_after,
            "purpose": outcomes.purpose,
            "action_id": outcomes.action_id,
            "parent_action_id": or_none(outcomes.parent_action_id),
            "related_by_action_id": outcomes.related_by_action_id,
            "audit_type": of_event(events.audit_type, "SYSTEM"),
            "actor": of_event(events.actor, ACTOR),
            "entry_status": np.where(outcomes.is_accepted, "accepted", "rejected").astype(object),
            "reason_code": outcomes.reason,
            "detail": [
                f"{REASONS[why]} ({text})" if text else REASONS[why]
                for why, text in zip(outcomes.reason.tolist(), note.tolist(), strict=True)
            ],
            "segment_id": or_none(np.where(is_whole_pool, "", segment).astype(object)),
            "to_segment_id": or_none(np.where(operation == "reallocate", to_segment, "").astype(object)),
            "reservation_id": or_none(outcomes.reservation_id),
            "expires_at": as_stamps(expires_at),
            "due_date": as_stamps(due),
            "source_id": or_none(of_event(events.source_id, "")),
        }
    )
