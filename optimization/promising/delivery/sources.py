"""Where else a line could be served from: other places of its item with a lane to where it is wanted."""

from __future__ import annotations

import numpy as np
import pandas as pd

from optimization.contracts.inputs import LANE
from optimization.keys import positions
from optimization.promising.delivery.book import NOWHERE, Integers, Sources
from optimization.promising.quotas import Quotas
from optimization.promising.unverified import unverified_p90
from optimization.screening import screened

_TO = ["item_id", "location_id"]


def transits(lane: pd.DataFrame, lead_time: pd.DataFrame, cv: float) -> pd.DataFrame:
    """Return the lanes with `p50_days` and `p90_days` of transport, whole days.

    Those that deliveries on the lane have taken, where its start is known as a supplier of its end;
    else the stated days and what they usually vary by.
    """
    lanes, bad = screened(lane, LANE)
    lanes = lanes[~bad].reset_index(drop=True)
    names = {"supplier_id": "item_id"}
    pair = lanes.rename(columns={"from_location_id": "item_id", "to_location_id": "location_id"})
    row = positions(pair, lead_time.rename(columns=names))
    is_known = row >= 0
    stated = lanes["transit_days"].to_numpy(np.float64)
    p50, p90 = stated.copy(), unverified_p90(stated, cv)
    p50[is_known] = lead_time["lead_time_p50_days"].to_numpy(np.float64)[row[is_known]]
    p90[is_known] = lead_time["lead_time_p90_days"].to_numpy(np.float64)[row[is_known]]
    return lanes.assign(p50_days=np.ceil(p50).astype(np.int64), p90_days=np.ceil(p90).astype(np.int64))


def quota_rows(quotas: Quotas, place: Integers, segment_id: pd.Series) -> Integers:
    """Row of each segment's quota at a place: its own, else the common pool's; -1 where none binds."""
    known = pd.MultiIndex.from_arrays([quotas.place, quotas.segment_id])
    own = known.get_indexer(pd.MultiIndex.from_arrays([place, segment_id.to_numpy(object)]))
    pool = known.get_indexer(pd.MultiIndex.from_arrays([place, np.full(len(place), "POOL", dtype=object)]))
    return np.where(own >= 0, own, pool).astype(np.int64)


def sources_of(
    lines: pd.DataFrame, places: pd.DataFrame, lanes: pd.DataFrame, quotas: Quotas
) -> tuple[Sources, Integers]:
    """Return every line's other places, the cheapest first, and where each line's begin (n+1).

    `lines` (in order): item_id, location_id, segment_id, open_units. `lanes`: as `transits` gives them.
    """
    wanted = lines[_TO].drop_duplicates(ignore_index=True)
    ways = wanted.merge(lanes, left_on="location_id", right_on="to_location_id")
    ways = ways.assign(place=positions(ways, places, "from_location_id"))
    ways = ways[((ways["place"] >= 0) & (ways["from_location_id"] != ways["location_id"])).to_numpy()]
    line = lines[[*_TO, "segment_id", "open_units"]].assign(line=np.arange(len(lines)))
    each = line.merge(ways, on=_TO)
    each = each.assign(cost=each["cost_fixed"] + each["cost_per_unit"] * each["open_units"])
    each = each.sort_values(["line", "cost", "from_location_id"], kind="stable", ignore_index=True)
    place = each["place"].to_numpy(np.int64)
    first = np.searchsorted(each["line"].to_numpy(), np.arange(len(lines) + 1)).astype(np.int64)
    quota = quota_rows(quotas, place, each["segment_id"]) if len(each) else np.zeros(0, dtype=np.int64)
    # Where nothing is shared out, nothing binds.
    quota = np.where(np.isin(place, quotas.place), quota, NOWHERE)
    made = Sources(
        place,
        quota,
        each["p50_days"].to_numpy(np.int64),
        each["p90_days"].to_numpy(np.int64),
    )
    return made, first
