"""Equipment that the generator's places order made to order: a handful of models, one plant a region.

A place's orders, and the plant that builds them, are the same however many places a run has. Places sell
parts; what they order made to order is in no item table.
"""

from __future__ import annotations

import itertools

import numpy as np
import pyarrow as pa

from orchestration.ims.generator.build_to_order.orders import DAYS_BEYOND, Orders
from orchestration.ims.generator.build_to_order.requests import customer_request_table, no_wishes
from orchestration.ims.generator.build_to_order.setting import Builds, NamedOption, Setting
from orchestration.ims.generator.build_to_order.source import OrderSource
from orchestration.ims.generator.build_to_order.stages import CODES
from orchestration.ims.generator.catalogue import LOCATIONS_PER_ITEM
from orchestration.ims.generator.counters import keyed, stream
from orchestration.ims.generator.demand import Horizon
from orchestration.ims.generator.documents import Names

_MODELS = {
    "LOADER-3": 38_000.0,
    "LOADER-5": 52_000.0,
    "LIFT-2": 24_000.0,
    "LIFT-4": 31_000.0,
    "SWEEPER-1": 19_000.0,
}
_TRIMS, _DRIVES = ("Base", "Pro"), ("Diesel", "Electric")
_COLOURS = ("Grey", "Orange", "White", "Yellow")
_ORDERS_PER_DAY = 0.03
# orders are in the works on a run's first day already
_DAYS_BEFORE = 200
_LONG_AGO = 1460
CATEGORY = "Equipment"


def equipment_source(seed: int, regions: int, horizon: Horizon, names: Names) -> OrderSource:
    """Return the made-to-order orders of all places of the first `regions` regions."""
    number = np.arange(regions * LOCATIONS_PER_ITEM)
    chosen = list(itertools.product(_MODELS, _TRIMS, _DRIVES, _COLOURS))
    since = horizon.end - _LONG_AGO
    return OrderSource(
        Setting(
            seed=seed,
            source=names.source,
            location_ids=names.location(number),
            location_keys=keyed(stream(seed, "equipment/place"), number),
            daily_orders=_ORDERS_PER_DAY,
            group=number // LOCATIONS_PER_ITEM,
            plants=tuple(f"PLANT-{region:03d}" for region in range(regions)),
            plants_per_group=1,
            builds=Builds(
                item_id=pa.nulls(len(chosen), pa.string()),
                model=tuple(model for model, *_ in chosen),
                own_options=tuple((_id("TRM", trim), _id("DRV", drive)) for _, trim, drive, _ in chosen),
                colour=tuple(_id("COL", colour) for *_, colour in chosen),
                list_price=np.array([_MODELS[model] for model, *_ in chosen]),
                plant=np.zeros(len(chosen), dtype=np.int64),
            ),
            named_options=(
                *(NamedOption(_id("COL", one), "colour", one, since, one == "Orange") for one in _COLOURS),
                *(NamedOption(_id("DRV", one), "performance", f"Drive {one}", since) for one in _DRIVES),
                *(NamedOption(_id("TRM", one), "trim", one, since) for one in _TRIMS),
            ),
            trims=tuple((model, _id("TRM", trim), since) for model in _MODELS for trim in _TRIMS),
            start=horizon.start - _DAYS_BEFORE,
            anchor=horizon.end,
            end=horizon.end + DAYS_BEYOND,
        )
    )


def equipment_tables(source: OrderSource, since: int | None, as_of: int) -> dict[str, pa.Table]:
    """Return every table of the orders as known on `as_of`, requests and holds among them."""
    setting = source.setting
    wishes = no_wishes(len(setting.builds.model), CATEGORY)
    return {
        **source.cut(since, as_of),
        "unit_hold": source.events.unit_hold(since, as_of),
        "customer_request": customer_request_table(setting, wishes, since, as_of),
    }


def truth_order(source: OrderSource) -> pa.Table:
    """What becomes of every order, told or not: when it reaches each milestone, when it is cancelled."""
    orders: Orders = source.tables.orders
    return pa.table(
        {
            "order_id": source.tables.ids,
            "cancelled_day": pa.array(orders.cancelled, from_pandas=True),
            **{
                f"reached_{code}_day": pa.array(orders.times[:, row], from_pandas=True)
                for row, code in enumerate(CODES)
            },
        }
    )


def _id(prefix: str, name: str) -> str:
    return f"{prefix}-{name.upper()}"
