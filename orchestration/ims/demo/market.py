"""The demo's market, wholly generated: registrations and competitors' prices.

Drawn around what the generated history sold, so that shares are plausible, and from nothing that the
file of intervals shows after its first day.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from orchestration.ims.demo.history import VehicleHistory
from orchestration.ims.demo.intervals import VehicleSightings
from orchestration.ims.demo.vehicles import Catalogue
from orchestration.ims.generator.arrow_columns import dates, repeated, source_table, texts
from orchestration.ims.generator.counters import Ints, stream, uniform
from orchestration.ims.generator.plans import month_starts

SOURCE = "generator"
_OWN_BRAND = "Own brand"
_COMPETITORS = ("Competitor A", "Competitor B", "Competitor C")
_BRAND_SPLIT = np.array([0.5, 0.3, 0.2])
_REGIONS = 4
_REGISTERED_MONTHS, _PRICED_MONTHS = 26, 13
_REGISTERED_AFTER, _PRICED_AFTER = 40, 5


@dataclass(frozen=True)
class Market:
    """The market around the generated history of vehicles."""

    seed: int
    sightings: VehicleSightings
    catalogue: Catalogue
    history: VehicleHistory

    def registration(self, as_of: int) -> pa.Table:
        """Own models and competing brands by month, in the regions with most sales."""
        months = self._months(as_of, _REGISTERED_AFTER, _REGISTERED_MONTHS)
        own = self._own_units(months)
        n_models, n_regions, _ = own.shape
        segment, model_segment = np.unique(self._model_categories, return_inverse=True)
        level = np.zeros((len(segment), n_regions))
        last_year = self._units_sold(self._whole_months[-12:])
        np.add.at(level, model_segment, last_year.mean(axis=2))
        season = own.sum(axis=(0, 1)) / last_year.sum(axis=(0, 1)).mean()

        model, region, month = _grid(n_models, n_regions, len(months))
        mine = self._registrations(
            region, months[month], segment[model_segment[model]], [_OWN_BRAND], np.zeros(len(model), int),
            self._models[model], own.reshape(-1),
        )  # fmt: skip
        place, region, month, brand = _grid(len(segment), n_regions, len(months), len(_COMPETITORS))
        share = 0.16 + 0.1 * uniform(stream(self.seed, "market/share"), place, region)
        share = share + 0.03 * np.sin(months[month] / 120 + place)
        noise = 0.9 + 0.2 * uniform(stream(self.seed, "market/others"), place, region, months[month], brand)
        units = level[place, region] * season[month] * (1 - share) / share * _BRAND_SPLIT[brand] * noise
        others = self._registrations(
            region, months[month], segment[place], list(_COMPETITORS), brand,
            np.full(len(place), "*"), np.round(units),
        )  # fmt: skip
        return pa.concat_tables([mine, others])

    def competitor_price(self, as_of: int) -> pa.Table:
        """Each month two competitors' prices for every model, around our own."""
        months = self._months(as_of, _PRICED_AFTER, _PRICED_MONTHS)
        model, brand, month = _grid(len(self._models), 2, len(months))
        item = np.unique(self.history.item)
        total = np.bincount(self._model_of[item], self.catalogue.list_price[item], len(self._models))
        own = total / np.bincount(self._model_of[item], minlength=len(self._models))
        level = 0.94 + 0.12 * uniform(stream(self.seed, "market/price"), model, brand)
        age = (self.history.horizon.end - months[month]) / 365
        price = own[model] * level * (1 - 0.02 * age)
        return source_table(
            "competitor_price",
            {
                "price_date": dates(months[month]),
                "model": pa.array(self._models[model]),
                "brand": texts(list(_COMPETITORS), brand),
                "competitor_price": pa.array(np.round(price, -1)),
                "published_date": dates(months[month] + _PRICED_AFTER),
            },
            source=SOURCE,
            known=as_of,
        )

    def _months(self, as_of: int, after: int, most: int) -> Ints:
        """The newest months told by `as_of`, `after` days after they began."""
        return month_starts(self.history.horizon.start, as_of - after)[-most:]

    def _own_units(self, months: Ints) -> npt.NDArray[np.float64]:
        """Registrations by model, region and month; after the history, at the level of its last month."""
        units = self._units_sold(np.minimum(months, self._whole_months[-1]))
        model, region, month = np.indices(units.shape)
        noise = 0.9 + 0.3 * uniform(stream(self.seed, "market/own"), model, region, months[month])
        return np.asarray(np.round(units * noise))

    def _units_sold(self, months: Ints) -> npt.NDArray[np.float64]:
        """Units of the generated history by model, region (the largest) and month."""
        units = self.history.units
        month_of = units["sale_day"].astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)
        wanted = months.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)
        region = self._region_of[self.history.dealer[units["pair"]]]
        model = self._model_of[self.history.item[units["pair"]]]
        shape = (len(self._models), len(self._region_names), int(month_of.max()) + 1)
        code = np.ravel_multi_index((model, region, month_of), shape)
        sold = np.bincount(code, minlength=int(np.prod(shape))).reshape(shape)[:, :, wanted]
        return np.asarray(sold[:, self._largest_regions], dtype=np.float64)

    def _registrations(
        self, region: Ints, day: Ints, segment: npt.NDArray[np.str_], brands: list[str], brand: Ints,
        model: npt.NDArray[np.str_], units: npt.NDArray[np.float64],
    ) -> pa.Table:  # fmt: skip
        return source_table(
            "registration",
            {
                "month_start_date": dates(day),
                "region": pa.array(self._region_names[self._largest_regions][region]),
                "market_segment": pa.array(segment),
                "brand": texts(brands, brand),
                "model": pa.array(model),
                "is_own_brand": repeated(brands == [_OWN_BRAND], len(day), pa.bool_()),
                "registered_units": pa.array(np.asarray(units, dtype=np.float64)),
                "published_date": dates(day + _REGISTERED_AFTER),
            },
            source=SOURCE,
            known=day + _REGISTERED_AFTER,
        )

    @cached_property
    def _whole_months(self) -> Ints:
        """First days of the months that lie wholly within the history."""
        return month_starts(self.history.horizon.start, self.history.horizon.end)[:-1]

    @cached_property
    def _models(self) -> npt.NDArray[np.str_]:
        names = [self.sightings.item_names[item][0] for item in np.unique(self.history.item)]
        return np.unique(np.array(names))

    @cached_property
    def _model_of(self) -> Ints:
        """Position of each configuration's model in `_models`; of another model, wherever it would go."""
        names = np.array([name[0] for name in self.sightings.item_names])
        return np.minimum(np.searchsorted(self._models, names), len(self._models) - 1)

    @cached_property
    def _model_categories(self) -> npt.NDArray[np.str_]:
        item = np.unique(self.history.item)
        categories = np.empty(len(self._models), dtype=object)
        categories[self._model_of[item]] = [self.catalogue.category[one] for one in item]
        return categories.astype(str)

    @cached_property
    def _region_names(self) -> npt.NDArray[np.str_]:
        return np.unique(np.array(self.sightings.dealer_states))

    @cached_property
    def _region_of(self) -> Ints:
        return np.searchsorted(self._region_names, np.array(self.sightings.dealer_states))

    @cached_property
    def _largest_regions(self) -> Ints:
        sold = np.bincount(
            self._region_of[self.history.dealer[self.history.units["pair"]]],
            minlength=len(self._region_names),
        )
        return np.sort(np.argsort(-sold, kind="stable")[:_REGIONS])


def _grid(*sizes: int) -> list[Ints]:
    return [axis.reshape(-1) for axis in np.indices(sizes)]
