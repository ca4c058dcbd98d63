"""Events of the ledger as typed frames: how far it was read, and what of it has no form.

What a family's events say is read where it is used: `allocation/`, `decisions/`, `orders/`.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, NamedTuple

import pandas as pd
import pyarrow as pa

from optimization.contracts.table import Table
from orchestration.contracts.arrow import arrow_schema
from orchestration.evidence.fitting import UnfitError
from orchestration.lake.ledger import Event, Ledger
from orchestration.lake.parquet import arrow_to_frame

SET_ASIDE_COLUMNS = (
    "ledger_seq",
    "event_id",
    "business_date",
    "family",
    "operation",
    "actor",
    "column_name",
    "value",
    "reason",
    "payload",
)


class LedgerRead(NamedTuple):
    """How far the ledger was read: its last event then; 0 and 64 zeros when it was empty."""

    seq: int
    head: str


@dataclass(frozen=True)
class FramedEvents:
    """Events as the rows of a `ledger__` table, and those that have no such form (`SET_ASIDE_COLUMNS`)."""

    events: pd.DataFrame
    set_aside: pd.DataFrame


def read_position(ledger: Ledger) -> LedgerRead:
    """Return where the ledger ends now: what is written later is left to the next reader."""
    head = ledger.head()
    return LedgerRead(ledger.seq_of(head), head)


def frame_of(rows: list[dict[str, Any]], table: Table) -> pd.DataFrame:
    """Return typed rows as the contract's frame."""
    return arrow_to_frame(pa.Table.from_pylist(rows, schema=arrow_schema(table)), table)


def left_row(event: Event, fault: UnfitError) -> dict[str, Any]:
    """Return what is told of an event that has no form, with `SET_ASIDE_COLUMNS`."""
    return {
        "ledger_seq": event.seq,
        "event_id": event.event_id,
        "business_date": pd.Timestamp(event.business_date),
        "family": event.family,
        "operation": event.event_type,
        "actor": event.actor,
        "column_name": fault.column_name,
        "value": json.dumps(fault.value, default=str),
        "reason": fault.reason,
        "payload": json.dumps(event.payload, sort_keys=True),
    }


def set_aside_frame(rows: list[dict[str, Any]]) -> pd.DataFrame:
    """Return rows of `left_row` as a frame."""
    return pd.DataFrame(rows, columns=list(SET_ASIDE_COLUMNS))
