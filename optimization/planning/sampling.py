"""Which item-locations are played, and for how many each of them stands."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from optimization.measures import abc_xyz
from optimization.planning.overriding import daily_demand
from optimization.simulation.replay import evenly_by_group

Numbers = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

NETWORK = "*"


@dataclass(frozen=True)
class Scope:
    """Rows of a sample that are told together; `population` counts the item-locations they stand for."""

    scope_type: str
    scope_id: str
    rows: Integers
    population: int


@dataclass(frozen=True)
class Sample:
    """Rows of the frames, rising, their weights (n,), and the scopes, whose rows count in the sample."""

    rows: Integers
    weights: Numbers
    scopes: tuple[Scope, ...]


def sample_of(item_location: pd.DataFrame, protection_demand: pd.DataFrame, most: int) -> Sample:
    """Draw at most `most` rows in proportion to the categories; a row stands for its category's others.

    Scopes are the network (`*`), each category and each ABC class by yearly demand at cost.

    >>> items = pd.DataFrame({"item_id": list("abcd"), "location_id": ["x"] * 4,
    ...     "category": ["p", "p", "q", "q"], "unit_cost": [9.0, 1.0, 1.0, 1.0]})
    >>> demand = pd.DataFrame({"mean_units": [1.0] * 4, "variance_units2": [1.0] * 4,
    ...     "protection_days": [7.0] * 4, "lead_time_sd_days": [0.0] * 4})
    >>> found = sample_of(items, demand, 2)
    >>> found.weights.tolist(), [(scope.scope_id, scope.population) for scope in found.scopes][:3]
    ([2.0, 2.0], [('*', 4), ('p', 2), ('q', 2)])
    """
    category, names = pd.factorize(item_location["category"], sort=True)
    rows = evenly_by_group(item_location, category.astype(np.int64), most)
    everyone = np.bincount(category, minlength=len(names))
    drawn = np.bincount(category[rows], minlength=len(names))
    weights = everyone[category[rows]] / np.maximum(drawn[category[rows]], 1)
    # A category too small for the sample is stood for by all others.
    weights = weights * len(item_location) / max(float(weights.sum()), 1e-12)
    per_day, _ = daily_demand(protection_demand)
    value = per_day * item_location["unit_cost"].to_numpy(np.float64)
    abc = abc_xyz.abc_of(abc_xyz.share_before(value))
    labels = {
        "category": item_location["category"].to_numpy(dtype=object),
        "abc_class": np.asarray(abc, dtype=object),
    }
    return Sample(rows, weights, scopes_of(labels, rows, len(item_location)))


def scopes_of(
    labels: Mapping[str, npt.NDArray[np.object_]], rows: Integers, everyone: int
) -> tuple[Scope, ...]:
    """The network and every value of each label (n,), cut to `rows`; those without a row are left out."""
    scopes = [Scope("network", NETWORK, np.arange(len(rows)), everyone)]
    for kind, values in labels.items():
        for name in sorted(set(values)):
            is_in = values == name
            scopes.append(Scope(kind, str(name), np.flatnonzero(is_in[rows]), int(is_in.sum())))
    return tuple(scope for scope in scopes if len(scope.rows))
