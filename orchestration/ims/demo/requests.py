"""The demo's requests of customers for a unit: past ones that found one, and others with no end yet.

Past choices rest on the generated history of sales; open requests ask for what the first snapshot shows.
Nobody knows who bought the real units, so no real unit stands in a request.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyarrow as pa

from orchestration.ims.demo.history import VehicleHistory
from orchestration.ims.demo.history_tables import HistoryTables
from orchestration.ims.demo.intervals import VehicleSightings
from orchestration.ims.demo.made_to_order import HISTORY_DAYS, SOURCE
from orchestration.ims.demo.places import Places
from orchestration.ims.demo.vehicles import Catalogue, segments_of
from orchestration.ims.generator.arrow_columns import NEVER, dates, repeated, source_table, texts
from orchestration.ims.generator.build_to_order.choices import REACH_KM, SoldUnits, draw_wishes
from orchestration.ims.generator.build_to_order.requests import customer_request_table
from orchestration.ims.generator.build_to_order.setting import Setting
from orchestration.ims.generator.counters import Floats, keyed, stream, uniform
from orchestration.ims.generator.customers import customer_ids
from orchestration.ims.generator.documents import SEGMENTS

# sales that are looked at; about one in three gets a request
_LOOKED_AT = 4_000
_EARTH_KM = 6_371.0


@dataclass(frozen=True)
class Requests:
    """Requests of customers around the history and the setting of the demo."""

    seed: int
    sightings: VehicleSightings
    catalogue: Catalogue
    places: Places
    history: VehicleHistory
    setting: Setting

    def customer_request(self, since: int | None, as_of: int) -> pa.Table:
        """Requests as known on `as_of`: past choices, then those of the last months."""
        asked = customer_request_table(self.setting, self._wishes, since, as_of)
        if since is not None and since >= self.history.horizon.end:
            return asked
        return pa.concat_tables([self._choices, asked])

    @cached_property
    def _wishes(self) -> dict[str, pa.Array]:
        """Of each build: category, drivetrain, grade and colour as real units have them."""
        sightings, builds = self.sightings, self.setting.builds
        position = {item: row for row, item in enumerate(sightings.item_ids.to_pylist())}
        items = [position[item] for item in builds.item_id.to_pylist()]
        name_of = {option.option_id: option.name for option in self.setting.named_options}
        return {
            "category": pa.array([self.catalogue.category[item] for item in items], pa.string()),
            "powertrain": pa.array([sightings.item_names[item][2] for item in items], pa.string()),
            "trim": pa.array([sightings.item_names[item][1] for item in items], pa.string()),
            "color": pa.array([name_of[colour] for colour in builds.colour], pa.string()),
        }

    @cached_property
    def _choices(self) -> pa.Table:
        """Requests that ended in one of the generated history's sales, on the day of the sale."""
        sold, first = self._sold, self.setting.anchor - HISTORY_DAYS
        units = self.history.units
        pair = units["pair"]
        keys = keyed(
            stream(self.seed, "request/choice"),
            self.sightings.item_keys[self.history.item[pair]],
            self.sightings.dealer_keys[self.history.dealer[pair]],
            units["sale_day"],
            units["sequence"],
        )
        late = np.flatnonzero(sold.sold >= first)
        looked_at = late[uniform(keys[late], 0) < _LOOKED_AT / max(len(late), _LOOKED_AT)]
        wishes = draw_wishes(sold, looked_at, keys[looked_at], self._distance_km)
        chosen = wishes.unit
        tables = HistoryTables(self.seed, self.sightings, self.catalogue, self.history)
        unit_ids = tables.unit_ids(chosen)
        segment = segments_of(self.seed, keyed(keys[chosen], 1))
        names = self.sightings.item_names
        item = self.history.item[pair[chosen]]
        rows, day = len(chosen), sold.sold[chosen]
        dealer = self.sightings.dealer_ids.take(pa.array(wishes.place))
        return source_table(
            "customer_request",
            {
                "request_id": pa.array([f"CR-{unit}" for unit in unit_ids.to_pylist()], pa.string()),
                "request_date": dates(day),
                "location_id": dealer,
                "request_kind": repeated("order", rows, pa.string()),
                "customer_id": customer_ids(segment, (uniform(keys[chosen], 2) * 400).astype(np.int64)),
                "segment_id": texts(list(SEGMENTS), segment),
                "order_priority": pa.array(np.full(rows, 2)),
                "model": pa.array([names[one][0] for one in item], pa.string()),
                "category": pa.array([self.catalogue.category[one] for one in item], pa.string()),
                "powertrain": pa.nulls(rows, pa.string()),
                "trim": pa.array([self._trim_names[one] for one in wishes.trim], pa.string()),
                "color": pa.nulls(rows, pa.string()),
                "must_options": pa.nulls(rows, pa.string()),
                "wish_options": pa.nulls(rows, pa.string()),
                "max_price": pa.array(wishes.max_price),
                "needed_date": dates(np.full(rows, NEVER)),
                "max_distance_km": pa.array(np.full(rows, REACH_KM)),
                "request_outcome": repeated("bought", rows, pa.string()),
                "outcome_date": dates(day),
                "unit_id": unit_ids,
            },
            source=SOURCE,
            known=day,
        )

    @cached_property
    def _trim_names(self) -> list[str]:
        return sorted({name[1] for name in self.sightings.item_names})

    @cached_property
    def _sold(self) -> SoldUnits:
        """The units of the history as sold: where, from when to when, at the list price."""
        units, item = self.history.units, self.history.item[self.history.units["pair"]]
        names = self.sightings.item_names
        models = sorted({name[0] for name in names})
        model_of = np.array([models.index(name[0]) for name in names])
        trim_of = np.array([self._trim_names.index(name[1]) for name in names])
        received = np.where(units["received_day"] == NEVER, self.history.horizon.start, units["received_day"])
        # a unit that was moved stands at the place of its sale from then on
        return SoldUnits(
            model=model_of[item],
            trim=trim_of[item],
            place=self.history.dealer[units["pair"]],
            received=np.where(units["from_pair"] >= 0, units["transfer_day"], received),
            sold=units["sale_day"],
            price=self.catalogue.list_price[item],
        )

    @cached_property
    def _distance_km(self) -> Floats:
        """Great-circle distances between dealers."""
        latitude, longitude = np.radians(self.places.latitude), np.radians(self.places.longitude)
        cosine = np.sin(latitude)[:, None] * np.sin(latitude) + np.cos(latitude)[:, None] * np.cos(
            latitude
        ) * np.cos(longitude[:, None] - longitude)
        return np.asarray(_EARTH_KM * np.arccos(np.clip(cosine, -1.0, 1.0)))
