"""What a configuration that somebody asks for would cost, and when it would be built and handed over.

Everybody who has a slot keeps it: the quote is an insertion into what the published load leaves. It
holds nothing; the slot is the asker's only when the order is placed.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

import pandas as pd

from optimization.build_to_order.configuration.pricing import lead_time_class_of, price_of
from optimization.build_to_order.lead_times.lookup import remaining_days
from optimization.build_to_order.milestones.template import milestone_map, produced_code
from optimization.option_sets import options_of

WHOLE_LINE = "*"
_WEEK_DAYS = 6
_LATELY_DAYS = 365


@dataclass(frozen=True)
class BuildDates:
    """The earliest slot and the handover after it; all but `lead_time_class` None where there is none.

    `reason_code`: SLOT_INSERTED, NO_CAPACITY (no week has room), or QUANTILE_NOT_REACHED (there is a slot,
    and too few orders were handed over to say how long it takes from there).
    """

    lead_time_class: str
    reason_code: str
    plant_id: str | None = None
    week_start_date: pd.Timestamp | None = None
    p50_date: pd.Timestamp | None = None
    p90_date: pd.Timestamp | None = None


@dataclass(frozen=True)
class BuildPrice:
    """What it would cost: options at today's prices, the rest as quoted lately for the order most like it.

    `base_price`, `fees` and `like_order_id` are None where no order of the model was quoted in a year;
    `unpriced`: options that have no price.
    """

    options_price: float
    base_price: float | None
    fees: float | None
    like_order_id: str | None
    unpriced: tuple[str, ...]


def build_dates(
    slot_load: pd.DataFrame,
    stage_duration: pd.DataFrame,
    config_option: pd.DataFrame,
    milestone_template: pd.DataFrame,
    model: str,
    options: frozenset[str],
    as_of: pd.Timestamp,
    plant_id: str | None = None,
) -> BuildDates:
    """Insert one more order into `slot_load` (`opt_out__slot_load`); the other frames as at their borders.

    The week is the first that is not frozen, lies after the material's days, and has a slot left on a
    line and under every limit of its options. Handover: the week's last day and the days from built to
    handed over (P50, P90) of the narrowest group that has them. `plant_id`: None is any.

    Worked: the week of 2024-01-08 is left, which ends on the 14th; eight days later is the 22nd.

    >>> week = pd.Timestamp("2024-01-08")
    >>> load = pd.DataFrame({"plant_id": ["P"], "production_line_id": ["L"], "week_start_date": [week],
    ...                      "option_id": ["*"], "left_units": [1.0], "is_frozen": [False]})
    >>> days = pd.DataFrame({"pool_level": ["all"], "pool_key": ["*"], "milestone_code": ["3800"],
    ...     "scope": ["to_delivery"], "duration_p50_days": [6.0], "duration_p90_days": [8.0]})
    >>> catalogue = pd.DataFrame(columns=["option_id", "material_lead_days", "lead_time_class"])
    >>> day = pd.Timestamp("2024-01-02")
    >>> told = build_dates(load, days, catalogue, pd.DataFrame(), "m", frozenset(), day)
    >>> str(told.p90_date.date()), told.reason_code
    ('2024-01-22', 'SLOT_INSERTED')
    """
    kind = lead_time_class_of(config_option, options)
    found = _earliest(slot_load, _material_day(config_option, options, as_of), options, plant_id)
    if found is None:
        return BuildDates(kind, "NO_CAPACITY")
    plant, week = found
    order = pd.DataFrame({"order_id": [""], "plant_id": [plant], "model": [model], "lead_time_class": [kind]})
    code = produced_code(milestone_map(milestone_template))
    days = remaining_days(stage_duration, order, code or "").iloc[0]
    if pd.isna(days["p50_days"]):
        return BuildDates(kind, "QUANTILE_NOT_REACHED", plant, week)
    p50, p90 = (
        week + pd.Timedelta(days=_WEEK_DAYS + ceil(float(days[one]))) for one in ("p50_days", "p90_days")
    )
    return BuildDates(kind, "SLOT_INSERTED", plant, week, p50, p90)


def build_price(
    config_option: pd.DataFrame,
    mto_order: pd.DataFrame,
    model: str,
    market: str,
    options: frozenset[str],
    as_of: pd.Timestamp,
) -> BuildPrice:
    """Price the options (`opt_in__config_option`), and the rest as `mto_order` (`opt_in__mto_order`) tells.

    The order most like it: of the model, quoted within a year, of the market where there is any, with the
    fewest other options, then the newest, then by id. Its price without its options is the base price;
    the fees are the median of those orders' fees.
    """
    price = price_of(config_option, options, as_of)
    asked = mto_order[
        (mto_order["model"] == model)
        & mto_order["quoted_price"].notna()
        & mto_order["order_date"].between(as_of - pd.Timedelta(days=_LATELY_DAYS), as_of)
    ]
    if (asked["market"] == market).any():
        asked = asked[asked["market"] == market]
    if asked.empty:
        return BuildPrice(price.total, None, None, None, price.unpriced)
    chosen = [options_of(text) for text in asked["options"]]
    ranked = asked.assign(others=[len(one ^ options) for one in chosen], age=as_of - asked["order_date"])
    like = ranked.sort_values(["others", "age", "order_id"]).iloc[0]
    own = price_of(config_option, options_of(like["options"]), as_of).total
    fees = asked["quoted_fees"].median()
    return BuildPrice(
        price.total,
        max(0.0, float(like["quoted_price"]) - own),
        None if pd.isna(fees) else float(fees),
        str(like["order_id"]),
        price.unpriced,
    )


def _material_day(config_option: pd.DataFrame, options: frozenset[str], as_of: pd.Timestamp) -> pd.Timestamp:
    """First Monday that can be chosen: the current week where nothing has to be ordered."""
    days = config_option.loc[config_option["option_id"].isin(options), "material_lead_days"].max()
    wait = 0.0 if pd.isna(days) else float(days)
    return as_of + pd.Timedelta(days=ceil(wait) if wait else -_WEEK_DAYS)


def _earliest(
    slot_load: pd.DataFrame, ready: pd.Timestamp, options: frozenset[str], plant_id: str | None
) -> tuple[str, pd.Timestamp] | None:
    """Plant and Monday of the first week that is left, by week, then plant."""
    weeks = slot_load[(slot_load["week_start_date"] >= ready) & ~slot_load["is_frozen"]]
    if plant_id is not None:
        weeks = weeks[weeks["plant_id"] == plant_id]
    is_left = weeks["left_units"] >= 1.0
    lines = weeks[(weeks["option_id"] == WHOLE_LINE) & is_left]
    full = weeks[weeks["option_id"].isin(options) & ~is_left]
    place = ["plant_id", "week_start_date"]
    is_full = pd.MultiIndex.from_frame(lines[place]).isin(pd.MultiIndex.from_frame(full[place]))
    lines = lines[~is_full].sort_values(["week_start_date", "plant_id"])
    return None if lines.empty else (str(lines["plant_id"].iloc[0]), lines["week_start_date"].iloc[0])
