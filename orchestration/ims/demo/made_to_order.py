"""The demo's made-to-order orders: real models, trims, colours and dealers, all else generated.

What can be ordered are the units that the first snapshot shows; colours and trims that are seen later
are offered from that day on. Orders reach back fifteen months before the first snapshot.
"""

from __future__ import annotations

import re

import numpy as np
import pyarrow as pa

from orchestration.ims.demo.intervals import VehicleSightings
from orchestration.ims.demo.vehicles import PLANTS, Catalogue
from orchestration.ims.generator.build_to_order.orders import DAYS_BEYOND
from orchestration.ims.generator.build_to_order.setting import Builds, NamedOption, Setting
from orchestration.ims.generator.counters import Ints

SOURCE = "generator"
HISTORY_DAYS = 456
# orders of all dealers on a selling day
_ORDERS_PER_DAY = 7.6
_LONG_AGO = 1460
_SPECIAL_COLOURS = re.compile("pearl|ruby|supersonic|wind chill", re.IGNORECASE)


def colour_option(color: str) -> str:
    """Return the option id of a colour.

    >>> colour_option("Wind Chill Pearl [extra_cost_color]")
    'COL-WIND-CHILL-PEARL'
    """
    return "COL-" + _slug(color.split("[")[0])


def own_options(trim: str, drive: str) -> tuple[str, str]:
    """Return the option ids of a grade and of a drivetrain.

    >>> own_options("SR5 Premium", "4x4")
    ('TRM-SR5-PREMIUM', 'DRV-4X4')
    """
    return f"TRM-{_slug(trim)}", f"DRV-{_slug(drive)}"


def make_setting(sightings: VehicleSightings, catalogue: Catalogue, seed: int, first_rows: Ints) -> Setting:
    """Return the setting of the demo's orders; `first_rows` are those of the first snapshot."""
    anchor = int(sightings.days[0])
    colors = np.array(sightings.color.fill_null("").to_pylist(), dtype=object)
    rows = first_rows[(sightings.status[first_rows] > 0) & (colors[first_rows] != "")]
    # in the order of the units' own keys, which does not depend on what the file shows later
    rows = rows[np.argsort(sightings.unit_keys[sightings.unit[rows]], kind="stable")]
    item = sightings.item[rows]
    names = [sightings.item_names[one] for one in item]
    dealers = np.unique(sightings.dealer[rows])
    return Setting(
        seed=seed,
        source=SOURCE,
        location_ids=sightings.dealer_ids.take(pa.array(dealers)),
        location_keys=sightings.dealer_keys[dealers],
        daily_orders=_ORDERS_PER_DAY / len(dealers),
        group=np.zeros(len(dealers), dtype=np.int64),
        plants=PLANTS,
        plants_per_group=len(PLANTS),
        builds=Builds(
            item_id=sightings.item_ids.take(pa.array(item)),
            model=tuple(name[0] for name in names),
            own_options=tuple(own_options(name[1], name[2]) for name in names),
            colour=tuple(colour_option(color) for color in colors[rows]),
            list_price=sightings.base_msrp[rows],
            plant=catalogue.plant[item],
        ),
        named_options=_named_options(sightings, colors, anchor),
        trims=_trims(sightings, anchor),
        start=anchor - HISTORY_DAYS,
        anchor=anchor,
        end=int(sightings.days[-1]) + DAYS_BEYOND,
    )


def _named_options(sightings: VehicleSightings, colors: np.ndarray, anchor: int) -> tuple[NamedOption, ...]:
    """Colours, trims and drives by the day on which one was first seen; the first day's are old ones."""
    found: dict[str, NamedOption] = {}
    first = _first_days(sightings.valid_from, anchor)
    for color in sorted(set(colors) - {""}):
        _keep_earliest(
            found,
            NamedOption(
                colour_option(color), "colour", color.split("[")[0].strip(),
                int(first[colors == color].min()), bool(_SPECIAL_COLOURS.search(color)),
            ),
        )  # fmt: skip
    seen = np.full(len(sightings.item_ids), first.max())
    np.minimum.at(seen, sightings.item, first)
    for (_, trim, drive), day in zip(sightings.item_names, seen.tolist(), strict=True):
        trim_id, drive_id = own_options(trim, drive)
        _keep_earliest(found, NamedOption(trim_id, "trim", trim, day))
        _keep_earliest(found, NamedOption(drive_id, "performance", f"Drive {drive}", day))
    return tuple(sorted(found.values()))


def _keep_earliest(found: dict[str, NamedOption], option: NamedOption) -> None:
    """Keep the spelling that was seen first, so that an option's name does not change later."""
    known = found.get(option.option_id)
    if known is None or (option.first_day, option.name) < (known.first_day, known.name):
        found[option.option_id] = option


def _trims(sightings: VehicleSightings, anchor: int) -> tuple[tuple[str, str, int], ...]:
    first = _first_days(sightings.valid_from, anchor)
    seen = np.full(len(sightings.item_ids), first.max())
    np.minimum.at(seen, sightings.item, first)
    days: dict[tuple[str, str], int] = {}
    for (model, trim, drive), day in zip(sightings.item_names, seen.tolist(), strict=True):
        key = (model, own_options(trim, drive)[0])
        days[key] = min(day, days.get(key, day))
    return tuple(sorted((model, trim, day) for (model, trim), day in days.items()))


def _first_days(valid_from: Ints, anchor: int) -> Ints:
    return np.where(valid_from == anchor, anchor - _LONG_AGO, valid_from)


def _slug(text: str) -> str:
    return re.sub(r"[^A-Z0-9.+]+", "-", text.upper()).strip("-")
