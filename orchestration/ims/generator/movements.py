"""Stock movements of an event log, kind by kind, before they become rows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from orchestration.ims.generator.arrow_columns import fixed_width_ids, repeated
from orchestration.ims.generator.counters import Ints
from orchestration.ims.generator.documents import Documents


@dataclass(frozen=True)
class Movements:
    """Movements of one kind; `position` and `counterpart` point into the item-locations."""

    movement_type: str
    position: Ints
    day: Ints
    quantity: Ints
    movement_id: pa.Array
    reference_id: pa.Array
    counterpart: Ints | None = None


def is_known(day: Ints, since: int | None, as_of: int) -> npt.NDArray[np.bool_]:
    """Whether each day lies in the cut: after `since` (None: ever) and not after `as_of`."""
    return np.asarray((day <= as_of) if since is None else (day <= as_of) & (day > since))


def movements_of(documents: Documents, since: int | None, as_of: int) -> list[Movements]:
    """Return all movements known in the cut; their sum over all time is the stock."""
    log = documents.log
    lines, pairs = log.lines, log.pairs
    moves = []
    if since is None or since < log.horizon.start:
        everyone = np.arange(len(pairs.row))
        moves.append(
            Movements(
                "opening",
                everyone,
                np.full(len(everyone), log.horizon.start),
                log.openings,
                fixed_width_ids("MP", (pairs.row, 7)),
                repeated(None, len(everyone), pa.string()),
            )
        )
    sold = np.flatnonzero((lines["filled_units"] > 0) & is_known(lines["day"], since, as_of))
    moves.append(
        Movements(
            "sale",
            lines["position"][sold],
            lines["day"][sold],
            -lines["filled_units"][sold],
            documents.line_ids("MS", sold),
            documents.customer_order_ids(sold),
        )
    )
    sent = np.flatnonzero(is_known(log.shipments["day"], since, as_of))
    line = log.shipments["line"][sent]
    moves.append(
        Movements(
            "sale",
            lines["position"][line],
            log.shipments["day"][sent],
            -log.shipments["units"][sent],
            fixed_width_ids(
                "MB",
                (pairs.row[lines["position"][line]], 7),
                (lines["day"][line], 5),
                (lines["sequence"][line], 2),
                (log.shipments["day"][sent], 5),
            ),
            documents.customer_order_ids(line),
        )
    )
    back = np.flatnonzero(is_known(log.returns["day"], since, as_of))
    line = log.returns["line"][back]
    moves.append(
        Movements(
            "return",
            lines["position"][line],
            log.returns["day"][back],
            log.returns["units"][back],
            documents.line_ids("MV", line),
            documents.customer_order_ids(line),
        )
    )
    came = np.flatnonzero(is_known(log.receipts["day"], since, as_of))
    receipt_ids = documents.receipt_ids(came)
    order = log.receipts["order"][came]
    moves.append(
        Movements(
            "receipt",
            log.orders["position"][order],
            log.receipts["day"][came],
            log.receipts["accepted_units"][came],
            documents.receipt_ids(came, "M"),
            receipt_ids,
        )
    )
    shift = log.transfers
    for kind, prefix, day, end, other, sign in (
        ("transfer_out", "MO", shift["day"], shift["position"], shift["to_position"], -1),
        ("transfer_in", "MI", shift["arrival_day"], shift["to_position"], shift["position"], 1),
    ):
        at = np.flatnonzero(is_known(day, since, as_of))
        moves.append(
            Movements(
                kind,
                end[at],
                day[at],
                sign * shift["units"][at],
                fixed_width_ids(prefix, (pairs.row[end[at]], 7), (shift["day"][at], 5)),
                documents.transfer_ids(at),
                counterpart=other[at],
            )
        )
    fixed = np.flatnonzero(is_known(log.adjustments["day"], since, as_of))
    place, day = log.adjustments["position"][fixed], log.adjustments["day"][fixed]
    moves.append(
        Movements(
            "adjustment",
            place,
            day,
            log.adjustments["units"][fixed],
            fixed_width_ids("MA", (pairs.row[place], 7), (day, 5)),
            repeated(None, len(fixed), pa.string()),
        )
    )
    return moves
