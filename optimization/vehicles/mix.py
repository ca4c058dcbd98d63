r"""Whole-unit assortment of vehicles: as much variety as demand can use, as few duplicates as possible.

A customer wants one configuration, but some take another of the same trim, and some of those
another of the same model. With :math:`K` units of a level and its demand :math:`D`, what a level
serves is :math:`E\min(D, K)`, and the value of a choice :math:`k` of units is

.. math:: \sum_c w_c E\min(D_c, k_c) + \sum_t w_t E\min(D_t, K_t) + \sum_m w_m E\min(D_m, K_m)

over configurations, trims and models, where w is the share of customers who insist on the
configuration, settle for the trim, settle for the model. Every term is concave in the units of one
set, and the sets are nested, so the value is M♮-concave and adding the unit with the largest gain,
one by one, is optimal for every total (Murota 2003, Discrete Convex Analysis, 6.3; the test
enumerates small cases). The first unit of a configuration gains most and a duplicate less, which is
what dealers' sales show (Cachon, Gallino & Olivares 2019, Management Science 65).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from optimization.allocation.optimal.rounding import largest_remainder
from optimization.contracts.inputs import ITEM_LOCATION
from optimization.contracts.outputs import MIX_TARGET, PROTECTION_DEMAND
from optimization.demand import distributions
from optimization.keys import positions, sorted_by_key
from optimization.lifecycle import is_closed
from optimization.parameters import MixParameters
from optimization.reasons import first_that_holds
from optimization.results import Report
from optimization.screening import screened

Numbers = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

EVERYWHERE = "*"
DAYS_PER_MONTH, DAYS_PER_YEAR = 30.4375, 365.25


@dataclass(frozen=True)
class Choice:
    """Configurations that compete for the places of one location.

    `mean` and `variance` (c,) of demand over the protection interval; `trim` and `model` are codes,
    a trim lies within one model.
    """

    mean: Numbers
    variance: Numbers
    trim: Integers
    model: Integers


def served(choice: Choice, units: Integers, weights: tuple[float, float, float]) -> float:
    """Expected units served by `units` of each configuration: the objective in the module's docstring."""
    value = 0.0
    for weight, code in zip(weights, _levels(choice), strict=True):
        mean, variance = _pooled(choice, code)
        at = np.bincount(code, weights=units, minlength=len(mean)).astype(np.float64)
        value += weight * float((mean - distributions.expected_shortage(at, mean, variance)).sum())
    return value


def choose_units(choice: Choice, total: int, weights: tuple[float, float, float]) -> Integers:
    """Units of every configuration that serve most demand with `total` units, (c,).

    `weights` of configuration, trim and model sum to 1. Ties go to the larger mean, then to the
    first. The gain of a further unit at a level that holds K is w·P(D > K).

    >>> three = Choice(np.array([2.0, 0.4, 0.3]), np.array([2.0, 0.4, 0.3]), np.array([0, 0, 1]),
    ...     np.array([0, 0, 0]))
    >>> choose_units(three, 3, (0.6, 0.3, 0.1)).tolist()
    [2, 1, 0]
    """
    count = np.zeros(len(choice.mean), dtype=np.int64)
    if total <= 0 or not len(count):
        return count
    # In the order of ties, so that the first of the largest is the one to take.
    order = np.argsort(-choice.mean, kind="stable")
    ordered = Choice(choice.mean[order], choice.variance[order], choice.trim[order], choice.model[order])
    levels = _levels(ordered)
    tables = []
    for weight, code in zip(weights, levels, strict=True):
        mean, variance = _pooled(ordered, code)
        # Ten standard deviations above the mean no unit gains anything.
        most = min(total, int(np.ceil((mean + 10.0 * np.sqrt(variance)).max())) + 1)
        held = np.arange(most + 1, dtype=np.float64)
        beyond = 1.0 - distributions.cdf(held[None, :], mean[:, None], variance[:, None])
        tables.append(weight * beyond)
    have = [np.zeros(len(table), dtype=np.int64) for table in tables]

    def _gain(members: Integers) -> Numbers:
        found = np.zeros(len(members))
        for table, code, units in zip(tables, levels, have, strict=True):
            at = code[members]
            found += table[at, np.minimum(units[at], table.shape[1] - 1)]
        # Compared at twelve digits, so that equal gains tie whatever their last bit says.
        return np.round(found, 12)

    of_model = [np.flatnonzero(ordered.model == at) for at in range(len(tables[2]))]
    gain = _gain(np.arange(len(count)))
    for _ in range(total):
        best = int(gain.argmax())
        count[order[best]] += 1
        for code, units in zip(levels, have, strict=True):
            units[code[best]] += 1
        members = of_model[int(ordered.model[best])]
        gain[members] = _gain(members)
    return count


def mix_targets(
    item_location: pd.DataFrame, protection_demand: pd.DataFrame, parameters: MixParameters | None = None
) -> tuple[pd.DataFrame, Report]:
    """Whole-unit targets per location and vehicle configuration, and the network's expected mix.

    Returns `opt_out__mix_target`. A location's total is the quantile of its demand over the
    protection interval at the service target, at least its display minima; `choose_units` fills it.
    An item past its last order date gets no target. Rows of `month` and `year` hold the expected
    demand of all locations, in whole units per model. Raises `ContractError` when a frame is not of
    its table.
    """
    parameters = parameters or MixParameters()
    item_location, _ = screened(sorted_by_key(item_location), ITEM_LOCATION)
    protection_demand = PROTECTION_DEMAND.validate(protection_demand)
    is_vehicle = (item_location["item_kind"] == "vehicle").to_numpy(dtype=np.bool_)
    rows = item_location[is_vehicle].reset_index(drop=True)
    demand = protection_demand.iloc[positions(rows, protection_demand)].reset_index(drop=True)
    model = rows["model"].fillna(rows["category"]).astype(str)
    frame = pd.concat(
        [
            _location_rows(rows, demand, model, parameters),
            _network_rows(rows, demand, model, "month", DAYS_PER_MONTH),
            _network_rows(rows, demand, model, "year", DAYS_PER_YEAR),
        ],
        ignore_index=True,
    )
    report = Report.of(len(rows), frame, locations=int(rows["location_id"].nunique()))
    return MIX_TARGET.validate(frame), report


def _location_rows(
    rows: pd.DataFrame, demand: pd.DataFrame, model: pd.Series, parameters: MixParameters
) -> pd.DataFrame:
    """Targets of every location, chosen within the total its demand asks for."""
    mean = demand["mean_units"].to_numpy(np.float64)
    variance = mean * _model_vmr(mean, demand["variance_units2"].to_numpy(np.float64), model)
    least = np.ceil(rows["display_min_units"].to_numpy(np.float64)).astype(np.int64)
    open_ = ~is_closed(rows)
    location = pd.factorize(rows["location_id"], sort=True)[0]
    trim = pd.factorize(model + "\x1f" + rows["trim"].fillna(rows["item_id"]).astype(str), sort=True)[0]
    code = pd.factorize(model, sort=True)[0]
    target = np.zeros(len(rows), dtype=np.int64)
    order = np.argsort(location, kind="stable")
    for members in np.split(order, np.flatnonzero(np.diff(location[order])) + 1):
        members = members[open_[members]]
        if not len(members):
            continue
        service = float(np.average(rows["service_target"].to_numpy()[members], weights=mean[members] + 1e-9))
        pooled = np.array([mean[members].sum()]), np.array([variance[members].sum()])
        total = int(distributions.quantiles(*pooled, np.array([service]))[0, 0])
        choice = Choice(
            mean[members],
            variance[members],
            np.unique(trim[members], return_inverse=True)[1].reshape(-1),
            np.unique(code[members], return_inverse=True)[1].reshape(-1),
        )
        chosen = choose_units(choice, total, parameters.weights)
        target[members] = np.maximum(chosen, least[members])
    group = model + "\x1f" + rows["location_id"].astype(str)
    position = rows["inventory_position_units"].to_numpy(np.float64)
    reason = first_that_holds(
        {"END_OF_LIFE": ~open_, "NOT_CHOSEN": target == 0, "FIRST_OF_CONFIGURATION": target == 1},
        "DUPLICATE_PAYS",
    )
    return pd.DataFrame(
        {
            "mix_level": "location",
            "location_id": rows["location_id"],
            "model": model.astype(object),
            "item_id": rows["item_id"],
            "mix_share": _share(mean, group),
            "mean_units": mean,
            "target_units": target.astype(np.float64),
            "on_hand_units": rows["on_hand_units"],
            "inventory_position_units": position,
            "gap_units": target - position,
            "method": "greedy_nested_coverage",
            "status": demand["status"],
            "reason_code": reason,
        }
    )


def _network_rows(
    rows: pd.DataFrame, demand: pd.DataFrame, model: pd.Series, level: str, days: float
) -> pd.DataFrame:
    """Expected demand of all locations in `days` by configuration, whole units within each model."""
    daily = demand["mean_units"].to_numpy(np.float64) / demand["protection_days"].to_numpy(np.float64)
    sums = (
        pd.DataFrame(
            {
                "model": model.astype(object),
                "item_id": rows["item_id"],
                "mean_units": daily * days,
                "on_hand_units": rows["on_hand_units"].to_numpy(np.float64),
                "inventory_position_units": rows["inventory_position_units"].to_numpy(np.float64),
            }
        )
        .groupby(["model", "item_id"], sort=True)
        .sum()
        .reset_index()
    )
    mean = sums["mean_units"].to_numpy(np.float64)
    code = pd.factorize(sums["model"], sort=True)[0]
    target = np.zeros(len(sums))
    for at in range(int(code.max(initial=-1)) + 1):
        members = np.flatnonzero(code == at)
        total = np.rint(mean[members].sum())
        part = mean[members] / max(mean[members].sum(), 1e-12) * total
        target[members] = largest_remainder(part[None, :])[0]
    position = sums["inventory_position_units"].to_numpy(np.float64)
    return pd.DataFrame(
        {
            "mix_level": level,
            "location_id": EVERYWHERE,
            "model": sums["model"],
            "item_id": sums["item_id"],
            "mix_share": _share(mean, sums["model"]),
            "mean_units": mean,
            "target_units": target,
            "on_hand_units": sums["on_hand_units"],
            "inventory_position_units": position,
            "gap_units": target - position,
            "method": "largest_remainder",
            "status": "OK",
            "reason_code": "EXPECTED_MIX",
        }
    )


def _model_vmr(mean: Numbers, variance: Numbers, model: pd.Series) -> Numbers:
    """Median variance-to-mean ratio of the row's model: a few sales of one pair do not tell its own."""
    ratio = pd.Series(np.divide(variance, mean, out=np.ones(len(mean)), where=mean > 0), index=model.index)
    return np.asarray(ratio.groupby(model).transform("median"), dtype=np.float64)


def _share(mean: Numbers, group: pd.Series) -> Numbers:
    """Share of the group's demand; equal shares where the group has none."""
    code = pd.factorize(group, sort=True)[0]
    total, size = np.bincount(code, weights=mean), np.bincount(code)
    equal = 1.0 / size[code]
    return np.asarray(np.divide(mean, total[code], out=equal, where=total[code] > 0))


def _levels(choice: Choice) -> tuple[Integers, Integers, Integers]:
    return np.arange(len(choice.mean)), choice.trim, choice.model


def _pooled(choice: Choice, code: Integers) -> tuple[Numbers, Numbers]:
    """Mean and variance of the demand of every set; configurations vary independently."""
    size = int(code.max()) + 1
    mean = np.bincount(code, weights=choice.mean, minlength=size)
    variance = np.bincount(code, weights=choice.variance, minlength=size)
    return np.asarray(mean, dtype=np.float64), np.asarray(variance, dtype=np.float64)
