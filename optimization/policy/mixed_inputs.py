"""The inputs of a policy on two dates, and everything between them: some of the old ones, some of the new.

Demand of the protection interval hangs on several things at once, so that it is taken apart first: a rate
per day, its variance-to-mean ratio, and a lead time with its spread. Variance is put together again as
(ratio · mean + rate² · spread²) · lift; lift is what the plan adds so that the tail fits.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from optimization.policy.inputs import PolicyInputs
from optimization.policy.policy_input import inputs_from

Numbers = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
Integers = npt.NDArray[np.int64]

# The groups of inputs that move together, and the inputs that stand for themselves within each.
GROUPS: dict[str, tuple[str, ...]] = {
    "demand": ("demand_decay",),
    "variability": (),
    "lead_time": ("lead_time_days",),
    "target": ("service_target", "service_metric", "stockout_behaviour", "logit_shift", "budget_service"),
    "cost": ("unit_cost", "holding_rate", "order_cost", "shortage_cost", "price_scale"),
    "lot": ("line_moq_units", "line_lot_units", "is_integer", "review_days"),
    "constraint": ("display_min_units", "shelf_life_days", "is_end_of_life", "is_last_order"),
    "fallback": (),
    "settings": ("max_cover_days", "final_buy_years", "final_buy_salvage_share"),
}
_BIT = {name: 1 << at for at, name in enumerate(GROUPS)}
# Quotients of equal numbers may differ by this much and are still equal.
_NOISE = 1e-9


@dataclass(frozen=True)
class _Parts:
    """Demand of the interval taken apart; each (n,)."""

    rate: Numbers
    vmr: Numbers
    lead_sd: Numbers
    lift: Numbers
    gap_days: Numbers

    @classmethod
    def of(cls, inputs: PolicyInputs, policy_input: pd.DataFrame) -> _Parts:
        steady = policy_input["steady_variance_units2"].to_numpy(np.float64)
        lead_sd = policy_input["lead_time_sd_days"].to_numpy(np.float64)
        mean, variance = inputs.mean_units, inputs.variance_units2
        rate = mean / inputs.protection_days
        moment = steady + (rate * lead_sd) ** 2
        return cls(
            rate=rate,
            vmr=np.divide(steady, mean, out=np.ones_like(mean), where=mean > 0),
            lead_sd=lead_sd,
            lift=np.divide(variance, moment, out=np.ones_like(mean), where=moment > 0),
            gap_days=inputs.protection_days - inputs.lead_time_days,
        )

    def shaped_as(self, other: _Parts) -> _Parts:
        """The same; without demand there is no ratio and no lift, and the other side's are taken."""
        nothing = self.rate <= 0
        return replace(
            self,
            vmr=np.where(nothing, other.vmr, self.vmr),
            lift=np.where(nothing, other.lift, self.lift),
        )


class Mixture:
    """Inputs of n item-locations before and after; rows of both frames of `opt_out__policy_input` alike.

    A set of groups is a number, one bit per name of `GROUPS`. Where a forecast or a lead time fell back on
    a wider estimate, or came back from it, its inputs move with the group `fallback`.
    """

    def __init__(self, before: pd.DataFrame, after: pd.DataFrame) -> None:
        self._frames = before, after
        self._inputs = inputs_from(before), inputs_from(after)
        old, new = _Parts.of(self._inputs[0], before), _Parts.of(self._inputs[1], after)
        self._parts = old.shaped_as(new), new.shaped_as(old)
        of_forecast, of_lead_time = (
            (before[name] == value).to_numpy(dtype=np.bool_, na_value=False)
            != (after[name] == value).to_numpy(dtype=np.bool_, na_value=False)
            for name, value in (("forecast_status", "FALLBACK"), ("lead_time_reason", "lt_unverified"))
        )
        self._bit = {name: np.full(len(before), bit, dtype=np.int64) for name, bit in _BIT.items()}
        for name in ("demand", "variability"):
            self._bit[name][of_forecast] = _BIT["fallback"]
        self._bit["lead_time"][of_lead_time] = _BIT["fallback"]
        lead = self._differ("lead_time_days") | self._part_differs("lead_sd")
        # What the tail asks for moves with the lead time; where that stands still, with demand.
        self._lift_bit = np.where(
            lead,
            self._bit["lead_time"],
            np.where(self._part_differs("vmr"), self._bit["variability"], self._bit["demand"]),
        )
        self.moved = self._moved(lead)

    def _differ(self, name: str) -> Flags:
        old, new = (getattr(inputs, name) for inputs in self._inputs)
        same = old == new
        if old.dtype.kind == "f":
            same = same | (np.isnan(old) & np.isnan(new))
        return np.asarray(~same, dtype=np.bool_)

    def _part_differs(self, name: str) -> Flags:
        old, new = (getattr(parts, name) for parts in self._parts)
        return np.asarray(np.abs(new - old) > _NOISE * np.maximum(np.abs(old), np.abs(new)))

    def _moved(self, lead: Flags) -> Integers:
        """Set of the groups of which an input moved, per row."""
        found = {name: np.zeros(len(lead), dtype=np.bool_) for name in GROUPS}
        for name, members in GROUPS.items():
            for member in members:
                found[name] |= self._differ(member)
        found["demand"] |= self._part_differs("rate")
        found["variability"] |= self._part_differs("vmr")
        found["lead_time"] |= lead
        found["lot"] |= self._part_differs("gap_days")
        total = np.zeros(len(lead), dtype=np.int64)
        for name, is_moved in found.items():
            total |= np.where(is_moved, self._bit[name], 0)
        return total | np.where(self._part_differs("lift"), self._lift_bit, 0)

    def at(self, row: Integers, chosen: Integers) -> PolicyInputs:
        """Inputs of these rows, (m,), with the groups of the sets `chosen`, (m,), new and the rest old.

        No group, or all that moved: the inputs as they were and as they are, to the bit.
        """
        old, new = (inputs.take(row) for inputs in self._inputs)
        is_new = {name: (bit[row] & chosen) > 0 for name, bit in self._bit.items()}
        group_of = {member: name for name, members in GROUPS.items() for member in members}
        values = {
            name: np.where(is_new[group], getattr(new, name), getattr(old, name))
            for name, group in group_of.items()
        }
        parts = {
            one.name: tuple(getattr(side, one.name)[row] for side in self._parts) for one in fields(_Parts)
        }
        rate = np.where(is_new["demand"], *reversed(parts["rate"]))
        vmr = np.where(is_new["variability"], *reversed(parts["vmr"]))
        lead_sd = np.where(is_new["lead_time"], *reversed(parts["lead_sd"]))
        lift = np.where((self._lift_bit[row] & chosen) > 0, *reversed(parts["lift"]))
        days = values["lead_time_days"] + np.where(is_new["lot"], *reversed(parts["gap_days"]))
        mean = rate * days
        values["protection_days"], values["mean_units"] = days, mean
        values["variance_units2"] = (vmr * mean + (rate * lead_sd) ** 2) * lift
        nothing, everything = chosen == 0, chosen == self.moved[row]
        return PolicyInputs(
            **{
                one.name: np.where(
                    everything,
                    getattr(new, one.name),
                    np.where(nothing, getattr(old, one.name), values[one.name]),
                )
                for one in fields(PolicyInputs)
            }
        )
