"""What can be chosen beside model, trim, drive and colour: options, their prices, and since when.

Days are counted from a setting's anchor day, so that some options end soon wherever the source stands.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pyarrow as pa

from optimization.contracts.order_columns import LEAD_TIME_CLASSES
from orchestration.ims.generator.arrow_columns import NEVER, dates, repeated, source_table, texts
from orchestration.ims.generator.build_to_order.setting import NamedOption, Setting
from orchestration.ims.generator.counters import Ints

STANDARD, ADVANCED, SPECIAL = range(len(LEAD_TIME_CLASSES))
# an option's start, its end and its prices are told so long before
TOLD_DAYS_BEFORE = 45
# prices hold from these days before (-) or after the anchor, at this share of the list below
_PRICE_STEPS = ((-1460, 0.92), (-240, 0.97), (36, 1.0))


class ChosenOption(NamedTuple):
    """One generated option. `share` of orders have it; first and last day are counted from the anchor."""

    option_id: str
    family: str
    name: str
    lead_time_class: int
    cutoff: str
    material_days: float | None
    price: float
    share: float
    first: int = -1460
    last: int | None = None


OPTIONS: tuple[ChosenOption, ...] = (
    ChosenOption("ACC-HAND", "accessibility", "Hand controls", SPECIAL, "3000", 40.0, 1_500.0, 0.008),
    ChosenOption("ACC-RAMP", "accessibility", "Side ramp", SPECIAL, "2500", 60.0, 9_500.0, 0.006),
    ChosenOption("APP-BLACK", "appearance", "Black accents", STANDARD, "3400", None, 600.0, 0.22),
    ChosenOption("APP-TWOTONE", "appearance", "Two-tone roof", ADVANCED, "3300", 21.0, 500.0, 0.06,
                 -1460, 55),
    ChosenOption("CMF-HEAT", "comfort", "Heated seats", STANDARD, "3300", None, 400.0, 0.45),
    ChosenOption("CMF-ROOF", "comfort", "Glass roof", ADVANCED, "3000", 28.0, 1_200.0, 0.18),
    ChosenOption("CMF-VENT", "comfort", "Ventilated seats", STANDARD, "3300", 14.0, 650.0, 0.15),
    ChosenOption("COM-FLEET", "commercial", "Fleet telematics", STANDARD, "3800", None, 300.0, 0.05),
    ChosenOption("COM-UPFIT", "commercial", "Work body", SPECIAL, "3000", 45.0, 3_500.0, 0.015),
    ChosenOption("EXP-CA", "export", "Equipment for Canada", STANDARD, "3000", None, 250.0, 0.0),
    ChosenOption("PKG-COLD", "packages", "Cold weather package", STANDARD, "3000", None, 500.0, 0.25),
    ChosenOption("PKG-CONV", "packages", "Convenience package", STANDARD, "3000", None, 700.0, 0.30),
    ChosenOption("PKG-TOW", "packages", "Towing package", STANDARD, "3000", 21.0, 900.0, 0.20),
    ChosenOption("PRF-COOL", "performance", "Extra cooling", STANDARD, "3300", None, 350.0, 0.06),
    ChosenOption("PRF-SUSP", "performance", "Sports suspension", ADVANCED, "3000", 28.0, 1_500.0, 0.07),
    ChosenOption("PRO-BATT", "prototype", "Battery of the next series", SPECIAL, "2500", 70.0, 4_000.0,
                 0.003),
    ChosenOption("TEC-360", "technology", "Camera all around", STANDARD, "3300", 14.0, 600.0, 0.22),
    ChosenOption("TEC-AUDIO", "technology", "Large audio system", STANDARD, "3300", None, 1_100.0, 0.14,
                 -1460, 24),
    ChosenOption("TEC-HUD", "technology", "Head-up display", STANDARD, "3300", 21.0, 900.0, 0.10),
    ChosenOption("TEC-NAV", "technology", "Navigation", STANDARD, "3300", None, 800.0, 0.30),
    ChosenOption("WHL-18", "wheels", "18-inch wheels", STANDARD, "3400", None, 0.0, 0.55),
    ChosenOption("WHL-20", "wheels", "20-inch wheels", STANDARD, "3400", 14.0, 1_200.0, 0.25),
    ChosenOption("WHL-21", "wheels", "21-inch wheels", ADVANCED, "3400", 14.0, 1_900.0, 0.0, 30),
    ChosenOption("WHL-OFF", "wheels", "Off-road wheels", ADVANCED, "3400", 14.0, 1_600.0, 0.10, -700),
)  # fmt: skip
POSITION = {option.option_id: row for row, option in enumerate(OPTIONS)}
WHEELS = tuple(row for row, option in enumerate(OPTIONS) if option.family == "wheels")
CUTOFF_OF_COLOUR, CUTOFF_OF_TRIM = "3300", "2500"
COLOUR_PRICE = 395.0


def prices_on(day: Ints, anchor: int) -> np.ndarray:
    """Return the price of every option (columns) on each day (rows).

    >>> prices_on(np.array([0, 100]), 0)[:, POSITION["TEC-NAV"]].tolist()
    [776.0, 800.0]
    """
    starts = np.array([step for step, _ in _PRICE_STEPS])
    shares = np.array([share for _, share in _PRICE_STEPS])
    step = np.clip(np.searchsorted(starts, np.asarray(day) - anchor, side="right") - 1, 0, None)
    return np.asarray(np.round(shares[step][:, None] * np.array([option.price for option in OPTIONS]), 2))


def config_option_table(setting: Setting, as_of: int) -> pa.Table:
    """Every option that is offered, was offered, or is announced by `as_of`."""
    named = [option for option in setting.named_options if option.first_day <= as_of]
    chosen = [option for option in OPTIONS if setting.anchor + option.first - TOLD_DAYS_BEFORE <= as_of]
    first = [option.first_day for option in named] + [setting.anchor + option.first for option in chosen]
    last = [int(NEVER)] * len(named) + [
        int(NEVER) if option.last is None else setting.anchor + option.last for option in chosen
    ]
    classes = [STANDARD] * len(named) + [option.lead_time_class for option in chosen]
    cutoffs = [CUTOFF_OF_COLOUR if option.family == "colour" else CUTOFF_OF_TRIM for option in named]
    return source_table(
        "config_option",
        {
            "option_id": pa.array([one.option_id for one in named] + [one.option_id for one in chosen]),
            "option_family": pa.array([one.family for one in named] + [one.family for one in chosen]),
            "option_name": pa.array([one.name for one in named] + [one.name for one in chosen]),
            "lead_time_class": texts(list(LEAD_TIME_CLASSES), np.array(classes)),
            "effective_from": dates(np.array(first, dtype=np.int64)),
            "effective_to": dates(np.array(last, dtype=np.int64)),
            "change_cutoff_milestone": pa.array(cutoffs + [option.cutoff for option in chosen]),
            "material_lead_days": pa.array(
                [None] * len(named) + [option.material_days for option in chosen], pa.float64()
            ),
        },
        source=setting.source,
        known=as_of,
    )


def option_price_table(setting: Setting, as_of: int) -> pa.Table:
    """Prices of the options by their first day, announced ones among them."""
    rows = [
        (named.option_id, named.first_day, _price_of(named))
        for named in setting.named_options
        if named.first_day <= as_of
    ]
    for option in OPTIONS:
        # of the steps before the option's first day, the last one holds on it
        steps = {max(step, option.first): round(share * option.price, 2) for step, share in _PRICE_STEPS}
        rows += [
            (option.option_id, setting.anchor + step, price)
            for step, price in steps.items()
            if setting.anchor + step - TOLD_DAYS_BEFORE <= as_of
        ]
    ids, starts, prices = zip(*rows, strict=True)
    return source_table(
        "option_price",
        {
            "option_id": pa.array(ids, pa.string()),
            "effective_from": dates(np.array(starts, dtype=np.int64)),
            "option_price": pa.array(prices, pa.float64()),
            "currency": repeated("USD", len(ids), pa.string()),
        },
        source=setting.source,
        known=as_of,
    )


def _price_of(option: NamedOption) -> float:
    """Trims and drives are in the model's price, special colours are not."""
    return COLOUR_PRICE if option.is_special else 0.0
