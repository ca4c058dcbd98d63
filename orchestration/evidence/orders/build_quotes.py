"""A quote for a configuration that is still to be built: whether it can be, price, week and handover.

Read from the current release and what it was made from; nothing is written and nothing is held.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import pandas as pd
import pyarrow.compute as pc

from optimization.build_to_order.configuration.rules import ANY
from optimization.build_to_order.quoting import build_dates, build_price
from optimization.contracts.order_inputs import CONFIG_OPTION, MILESTONE_TEMPLATE, MTO_ORDER
from optimization.contracts.order_outputs import SLOT_LOAD, STAGE_DURATION
from optimization.errors import StockplanError
from orchestration.evidence.orders.configurations import Wish, check_configuration
from orchestration.lake.parquet import arrow_to_frame
from orchestration.lake.paths import Lake
from orchestration.publish.overlay_rows import BaseRows
from orchestration.publish.shelf import current_release

_READ = (CONFIG_OPTION, MILESTONE_TEMPLATE, SLOT_LOAD, STAGE_DURATION)


def quote_build(lake: Lake, wish: Wish, plant_id: str | None = None) -> dict[str, Any]:
    """Return what `check_configuration` answers, with `quoted` (price and fees) and `build` (week, dates).

    `build` is None for what cannot be built. Raises `StockplanError` without a release, without a model in
    the wish, or when the tables that it takes are no longer in the lake.
    """
    if wish.model == ANY:
        raise StockplanError("a quote for a build needs the model: --model")
    answer = check_configuration(lake, wish)
    base = current_release(lake)
    if base is None or base.release_id != answer["release_id"]:
        raise StockplanError("another release has just become current; ask again")
    rows = BaseRows(lake, base)
    missing = [table.name for table in (*_READ, MTO_ORDER) if not rows.has(table.name)]
    if missing:
        raise StockplanError(
            f"the lake has no {', '.join(missing)} of {base.as_of}; run this date again: "
            f"stockplan run --date {base.as_of}"
        )
    options, template, load, durations = (arrow_to_frame(rows.whole(table.name), table) for table in _READ)
    of_model = rows.whole(MTO_ORDER.name).filter(pc.field("model") == wish.model)
    orders = arrow_to_frame(of_model, MTO_ORDER)
    as_of = pd.Timestamp(base.as_of)
    price = build_price(options, orders, wish.model, wish.market, wish.options, as_of)
    base_price = price.base_price if wish.base_price is None else wish.base_price
    quoted = asdict(price) | {
        "base_price": base_price,
        "total": None if base_price is None else base_price + price.options_price + (price.fees or 0.0),
    }
    build = None
    if answer["is_buildable"]:
        dates = build_dates(load, durations, options, template, wish.model, wish.options, as_of, plant_id)
        build = asdict(dates)
    return answer | {"quoted": quoted, "build": build}
