"""Quantity discounts: the order quantity under a price scale."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from optimization.contracts.inputs import PRICE_BREAK

Numbers = npt.NDArray[np.float64]
Texts = npt.NDArray[np.object_]


def quantity_with_discounts(
    fixed_cost: float,
    holding_rate: float,
    demand_rate: float,
    breakpoints: list[float],
    unit_costs: list[float],
    incremental: bool,
) -> tuple[float, int, float]:
    """Best quantity, its price region and the yearly cost with purchase, under one price scale.

    `breakpoints[i]` is the least quantity at `unit_costs[i]`. All-units: the price holds for the
    whole order; incremental: only for the part above the break. Source: Snyder & Shen, 3.4.

    >>> quantity_with_discounts(8, 0.3, 1300, [0, 400, 800], [0.75, 0.72, 0.68], incremental=False)
    (800.0, 2, 978.6)
    """
    scale = Scales(np.array([breakpoints], float), np.array([unit_costs], float), np.array([incremental]))
    terms = (np.array([value], float) for value in (fixed_cost, holding_rate, demand_rate))
    quantity, region, cost = scale.best(*terms)
    return float(quantity[0]), int(region[0]), round(float(cost[0]), 9)


class Scales:
    """Price scales, one per row: `least` quantity and `price` of each region, padded with ∞."""

    def __init__(self, least: Numbers, price: Numbers, incremental: npt.NDArray[np.bool_]) -> None:
        self.least, self.price = least, price
        with np.errstate(invalid="ignore"):
            paid = np.nan_to_num(np.diff(least, axis=1) * price[:, :-1], posinf=0.0)
        before = np.concatenate([np.zeros((len(least), 1)), np.cumsum(paid, axis=1)], axis=1)
        # What an order pays beyond price × quantity acts as a further fixed cost.
        extra = np.where(np.isfinite(least), before - price * np.where(np.isfinite(least), least, 0.0), 0.0)
        self.extra = np.where(incremental[:, None], extra, 0.0)

    def best(
        self, fixed_cost: Numbers, holding_rate: Numbers, demand_rate: Numbers
    ) -> tuple[Numbers, npt.NDArray[np.int64], Numbers]:
        """Quantity, region and yearly cost: the best of each region's own optimum.

        Region i: Q = max(√[2(K + e_i)D/(r·c_i)], its start), valid before the next start; cost
        D·c_i + (K + e_i)·D/Q + r·c_i·Q/2 + r·e_i/2, e_i what the scale's lower part costs more.
        """
        fixed, rate, yearly = (value[:, None] for value in (fixed_cost, holding_rate, demand_rate))
        end = np.concatenate([self.least[:, 1:], np.full((len(self.least), 1), np.inf)], axis=1)
        with np.errstate(divide="ignore", invalid="ignore"):
            optimum = np.sqrt(2.0 * (fixed + self.extra) * yearly / (rate * self.price))
            quantity = np.maximum(np.nan_to_num(optimum, posinf=0.0), self.least)
            ordering = np.where(quantity > 0, (fixed + self.extra) * yearly / quantity, 0.0)
            cost = (
                yearly * self.price + ordering + rate * self.price * quantity / 2.0 + rate * self.extra / 2.0
            )
        cost = np.where(np.isfinite(self.least) & (quantity < end), cost, np.inf)
        region = np.argmin(cost, axis=1)
        rows = np.arange(len(region))
        return quantity[rows, region], region, cost[rows, region]

    def unit_price(self, quantity: Numbers, region: npt.NDArray[np.int64]) -> Numbers:
        """Mean price of a unit at a quantity in a region, money."""
        rows = np.arange(len(region))
        spread = np.divide(
            self.extra[rows, region], quantity, out=np.zeros_like(quantity), where=quantity > 0
        )
        return np.asarray(self.price[rows, region] + spread)


def price_scales(price_break: pd.DataFrame | None, item_location: pd.DataFrame) -> Texts:
    """Price scale of each row's item at its supplier as one text, empty without one.

    `price_break` is `opt_in__price_break`. The text is the scheme and each break, in full precision, so
    that the scale can be read back from it to the bit.

    >>> breaks = pd.DataFrame({"item_id": "a", "supplier_id": "s", "price_scheme": "all_units",
    ...     "min_quantity_units": [400.0, 0.0], "unit_price": [0.72, 0.75]})
    >>> price_scales(breaks, pd.DataFrame({"item_id": ["a", "b"], "supplier_id": ["s", "s"]})).tolist()
    ['all_units 0.0@0.75 400.0@0.72', '']

    Raises `ContractError` when the frame is not of its table.
    """
    none = np.full(len(item_location), "", dtype=object)
    if price_break is None or not len(price_break):
        return none
    owners = ["item_id", "supplier_id"]
    wanted = pd.MultiIndex.from_frame(item_location[owners])
    known = PRICE_BREAK.validate(price_break)
    known = known[pd.MultiIndex.from_frame(known[owners]).isin(wanted)]
    texts: dict[tuple[str, str], str] = {}
    ordered = known.sort_values([*owners, "min_quantity_units"], kind="stable")
    for row in ordered[[*owners, "price_scheme", "min_quantity_units", "unit_price"]].itertuples(index=False):
        item, supplier, scheme, least, price = row
        texts[item, supplier] = f"{texts.get((item, supplier), scheme)} {float(least)!r}@{float(price)!r}"
    for at, owner in enumerate(wanted):
        none[at] = texts.get(owner, "")
    return none


def quantities_with_discounts(
    scale: Texts, economic: Numbers, terms: dict[str, Numbers]
) -> tuple[Numbers, Numbers]:
    """Order quantity and unit price per row, moved to a price break where that costs less.

    `scale` as `price_scales` writes it; a row without one, without demand or without holding cost keeps
    its EOQ and unit cost. `terms`: `order_cost`, `holding_rate`, `unit_cost`, `yearly` demand.

    >>> terms = {"order_cost": 8.0, "holding_rate": 0.3, "unit_cost": 0.75, "yearly": 1300.0}
    >>> found = quantities_with_discounts(np.array(["all_units 0.0@0.75 400.0@0.72 800.0@0.68", ""], object),
    ...     np.array([304.0, 304.0]), {name: np.array([value] * 2) for name, value in terms.items()})
    >>> [values.tolist() for values in found]
    [[800.0, 304.0], [0.68, 0.75]]
    """
    rows = np.flatnonzero((scale != "") & (terms["yearly"] > 0) & (terms["holding_rate"] > 0))
    quantity, unit_price = economic.copy(), terms["unit_cost"].copy()
    if len(rows):
        scales = _scales_of(scale[rows])
        costs = (terms[name][rows] for name in ("order_cost", "holding_rate", "yearly"))
        quantity[rows], region, _ = scales.best(*costs)
        unit_price[rows] = scales.unit_price(quantity[rows], region)
    return quantity, unit_price


def _scales_of(texts: Texts) -> Scales:
    """Read the scales back from their texts, one row each."""
    distinct, at = np.unique(texts.astype(str), return_inverse=True)
    told = [text.split(" ") for text in distinct]
    widest = max(len(words) for words in told) - 1
    least, price = np.full((len(told), widest), np.inf), np.zeros((len(told), widest))
    for row, (_, *breaks) in enumerate(told):
        for column, text in enumerate(breaks):
            least[row, column], price[row, column] = map(float, text.split("@"))
    incremental = np.array([words[0] == "incremental" for words in told])
    return Scales(least[at], price[at], incremental[at])
