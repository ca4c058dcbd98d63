"""Demand of customer segments: shares that lean on the wider mix, and a split that adds up.

One item-location sells too little to know its mix. Its shares are drawn to those of the item, these
to the category's, and these to everybody's; the split of the forecast is then exact.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from optimization.contracts.inputs import ITEM_LOCATION, SEGMENT, SEGMENT_DEMAND
from optimization.contracts.outputs import PROTECTION_DEMAND, SEGMENT_FORECAST
from optimization.demand import distributions
from optimization.demand.series import Numbers
from optimization.keys import Integers, positions, sorted_by_key
from optimization.results import Report
from optimization.screening import screened

Texts = npt.NDArray[np.object_]

# Units of the wider mix that a level's own units are mixed with.
PRIOR_UNITS = 10.0
LEVELS = np.array([0.5, 0.8, 0.9, 0.95])


def dirichlet_shares(units: Numbers, group: Integers, prior: Numbers, prior_units: float) -> Numbers:
    """Mean shares per row of `prior`, given counts that fall into its rows; rows sum to 1.

    With counts c of a group and prior shares p: (c + κp)/(Σc + κ), the mean of the Dirichlet
    posterior with concentration κ. `units` is (rows, segments), `group` the row of `prior`,
    (groups, segments), that each belongs to.

    >>> dirichlet_shares(np.array([[3.0, 1.0]]), np.array([0]), np.array([[0.5, 0.5]]), 4.0).tolist()
    [[0.625, 0.375]]
    """
    count = np.zeros_like(prior)
    np.add.at(count, group, units)
    return np.asarray((count + prior_units * prior) / (count.sum(axis=1, keepdims=True) + prior_units))


def segment_shares(units: Numbers, item: Integers, category: Integers, prior_units: float) -> Numbers:
    """Share of every segment per item-location, (n, segments), through item, category and all.

    `units` are the recent requests (n, segments); `item` and `category` are codes per row. Everybody's
    shares start from equal ones, so that a segment without any demand keeps a little.
    """
    n, k = units.shape
    if not n or not k:
        return np.zeros((n, k))
    everybody = dirichlet_shares(units, np.zeros(n, dtype=np.int64), np.full((1, k), 1.0 / k), 1.0)
    category_of_item = np.zeros(int(item.max()) + 1, dtype=np.int64)
    category_of_item[item] = category
    by_category = dirichlet_shares(
        units, category, np.tile(everybody, (int(category.max()) + 1, 1)), prior_units
    )
    by_item = dirichlet_shares(units, item, by_category[category_of_item], prior_units)
    return dirichlet_shares(units, np.arange(n), by_item[item], prior_units)


def forecast_segments(
    item_location: pd.DataFrame,
    protection_demand: pd.DataFrame,
    segment: pd.DataFrame,
    segment_demand: pd.DataFrame,
) -> tuple[pd.DataFrame, Report]:
    """Split demand over the protection interval by segment; returns `opt_out__segment_forecast`.

    With share p of variance w, and demand of mean μ and variance σ², a segment has mean pμ and
    variance p²σ² + μ(p(1 − p) − w) + w(σ² + μ²): every unit asks for itself. Segments add up to the
    item-location's mean exactly. Raises `ContractError` when a frame is not of its table.
    """
    item_location, _ = screened(sorted_by_key(item_location), ITEM_LOCATION)
    segment_demand, _ = screened(segment_demand, SEGMENT_DEMAND)
    protection_demand = PROTECTION_DEMAND.validate(protection_demand)
    segments = np.sort(SEGMENT.validate(segment)["segment_id"].to_numpy(dtype=object).astype(str))
    n, k = len(item_location), len(segments)
    units = segment_units(segment_demand, item_location, segments, "demand_units")
    item = pd.factorize(item_location["item_id"], sort=True)[0].astype(np.int64)
    category = pd.factorize(item_location["category"], sort=True)[0].astype(np.int64)
    share = segment_shares(units, item, category, PRIOR_UNITS)

    demand = protection_demand.iloc[positions(item_location, protection_demand)] if n else protection_demand
    mean = demand["mean_units"].to_numpy(np.float64)[:, None]
    variance = demand["variance_units2"].to_numpy(np.float64)[:, None]
    own = units.sum(axis=1, keepdims=True)
    doubt = share * (1.0 - share) / (own + PRIOR_UNITS + 1.0)
    split = share * mean
    if k:
        # The largest segment takes the last bit, so that the sum is the item-location's to the bit.
        rows, largest = np.arange(n), split.argmax(axis=1)
        split[rows, largest] = 0.0
        split[rows, largest] = mean[:, 0] - split.sum(axis=1)
    spread = share**2 * variance + mean * (share * (1.0 - share) - doubt) + doubt * (variance + mean**2)
    quantile = distributions.quantiles(split.ravel(), spread.ravel(), LEVELS)
    leans = own[:, 0] < PRIOR_UNITS
    status = demand["status"].to_numpy(dtype=object)
    reason = np.where(leans, "SHARE_BORROWED", "SHARE_OWN").astype(object)
    frame = pd.DataFrame(
        {
            "item_id": np.repeat(item_location["item_id"].to_numpy(dtype=object), k),
            "location_id": np.repeat(item_location["location_id"].to_numpy(dtype=object), k),
            "segment_id": np.tile(segments.astype(object), n),
            "protection_days": np.repeat(demand["protection_days"].to_numpy(np.float64), k),
            "segment_share": share.ravel(),
            "mean_units": split.ravel(),
            "variance_units2": spread.ravel(),
            **{f"q{round(level * 100)}_units": quantile[:, at] for at, level in enumerate(LEVELS)},
            "method": "dirichlet_shrunk",
            "status": np.repeat(status, k),
            "reason_code": np.repeat(reason, k),
        }
    )
    return SEGMENT_FORECAST.validate(frame), Report.of(len(segment_demand), frame, segments=k)


def segment_units(
    segment_demand: pd.DataFrame, item_location: pd.DataFrame, segments: Texts, column: str
) -> Numbers:
    """A column of `opt_in__segment_demand` per row of `item_location` and segment, (n, segments).

    What belongs to neither falls out.
    """
    units = np.zeros((len(item_location), len(segments)))
    row = positions(segment_demand, item_location)
    of = pd.Index(segments).get_indexer(pd.Index(segment_demand["segment_id"].astype(str)))
    kept = (row >= 0) & (of >= 0)
    np.add.at(units, (row[kept], of[kept]), segment_demand[column].to_numpy(np.float64)[kept])
    return units
