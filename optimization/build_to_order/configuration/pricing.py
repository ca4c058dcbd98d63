"""What a configuration costs in addition to its base price, and how long its options take.

Prices are those of the catalogue on the business date. What was quoted to a customer is frozen on the
order and never reckoned anew: today's price beside it is information.
"""

from __future__ import annotations

import math
from collections.abc import Collection
from typing import NamedTuple

import pandas as pd

from optimization.contracts.order_columns import LEAD_TIME_CLASSES


class Price(NamedTuple):
    """Price of the options, part by part in the order of ids; `unpriced` are known to nobody or have none."""

    total: float
    parts: dict[str, float]
    unpriced: tuple[str, ...]


def price_of(config_option: pd.DataFrame, options: Collection[str], date: pd.Timestamp) -> Price:
    """Return the price of options that are offered on `date`.

    `config_option` as `opt_in__config_option`, whose prices are those of its business date. An option
    that is not offered on `date` has no price.

    >>> catalogue = pd.DataFrame({"option_id": ["RED", "TOW"], "option_price": [800.0, float("nan")],
    ...                           "effective_from": [pd.NaT, pd.NaT], "effective_to": [pd.NaT, pd.NaT]})
    >>> price_of(catalogue, {"TOW", "RED"}, pd.Timestamp("2024-06-30"))
    Price(total=800.0, parts={'RED': 800.0}, unpriced=('TOW',))
    """
    offered = ~(config_option["effective_from"] > date) & ~(config_option["effective_to"] < date)
    known = config_option[offered & config_option["option_price"].notna()]
    prices = dict(zip(known["option_id"], known["option_price"].astype(float), strict=True))
    parts = {option: prices[option] for option in sorted(set(options)) if option in prices}
    unpriced = tuple(sorted(set(options) - set(parts)))
    return Price(math.fsum(parts.values()), parts, unpriced)


def price_delta(
    config_option: pd.DataFrame, added: Collection[str], removed: Collection[str], date: pd.Timestamp
) -> float | None:
    """Return what adding and taking out options does to the price; None where a price is not known.

    One that is taken out counts with the price that the catalogue states, offered or not; one that the
    catalogue has not, never had a price.
    """
    more = price_of(config_option, added, date)
    stated = config_option[config_option["option_id"].isin(set(removed))]
    if more.unpriced or stated["option_price"].isna().any():
        return None
    return more.total - math.fsum(stated["option_price"].astype(float))


def lead_time_class_of(config_option: pd.DataFrame, options: Collection[str]) -> str:
    """Return the class of the option that takes longest; the first class where none is known.

    >>> catalogue = pd.DataFrame({"option_id": ["RED", "ARMOUR"], "lead_time_class": ["standard", "special"]})
    >>> lead_time_class_of(catalogue, {"RED"}), lead_time_class_of(catalogue, {"RED", "ARMOUR"})
    ('standard', 'special')
    """
    found = set(config_option.loc[config_option["option_id"].isin(set(options)), "lead_time_class"])
    return next((one for one in reversed(LEAD_TIME_CLASSES) if one in found), LEAD_TIME_CLASSES[0])
