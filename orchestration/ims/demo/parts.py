"""A small parts range at the demo's dealers, wholly generated.

It makes quantity-level stock stand beside the unit-level stock of vehicles.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from orchestration.ims.demo.history import HISTORY_DAYS
from orchestration.ims.demo.intervals import VehicleSightings
from orchestration.ims.generator.catalogue import make_item_locations, make_items
from orchestration.ims.generator.counters import Ints, stream, uniform
from orchestration.ims.generator.demand import Horizon, daily_rates, draw_requests, make_promotions
from orchestration.ims.generator.documents import Names
from orchestration.ims.generator.events import EventCut
from orchestration.ims.generator.simulation import simulate

N_PARTS = 300
DEALERS_PER_PART = 10
SOURCE = "generator"
# a demo should show slow parts too, and stay quick
_DEMAND_FACTOR = 0.35


def make_parts(sightings: VehicleSightings, seed: int, first_rows: Ints) -> EventCut:
    """Return the event log of parts at dealers of the first snapshot, up to the file's last day."""
    dealers = np.unique(sightings.dealer[first_rows])
    # neighbours in this order lie in one state, so that parts can be moved between them
    states = np.array([sightings.dealer_states[dealer] for dealer in dealers])
    dealers = dealers[np.argsort(states, kind="stable")]
    group_size = min(DEALERS_PER_PART, len(dealers))
    items = make_items(seed, np.arange(N_PARTS))
    start = uniform(stream(seed, "parts/dealers"), items.index) * (len(dealers) - group_size + 1)
    place = start.astype(np.int64)[:, None] + np.arange(group_size)
    pairs = make_item_locations(seed, items, place, 0, demand_factor=_DEMAND_FACTOR)

    first_day = int(sightings.days[0])
    horizon = Horizon(first_day - HISTORY_DAYS, int(sightings.days[-1]), anchor=first_day)
    promotions = make_promotions(seed, horizon)
    rates = daily_rates(pairs, horizon, promotions)
    log = simulate(seed, pairs, horizon, draw_requests(seed, pairs, horizon, rates))
    names = Names(SOURCE, sightings.dealer_ids.take(pa.array(dealers)))
    return EventCut(seed, log, promotions, names)
