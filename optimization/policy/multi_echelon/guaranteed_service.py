"""Guaranteed service: which stages of a tree hold safety stock, and what each promises to the next.

For fast movers. Demand beyond the bound z·σ·√τ is taken to be met by extraordinary means, so the
service it promises is not that of lumpy parts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[np.float64]
Need = Literal["outbound", "inbound", "root"]


@dataclass(frozen=True)
class Stage:
    """One stage of the tree.

    `time` T: whole periods of processing; `holding_cost` h [money/unit/period]; `serves`: the stages
    it supplies; `sd` σ of its own external demand per period; `inbound_time`: what an outside supplier
    quotes; `outbound_time`: the most that its customers accept (None: no bound of its own).
    """

    time: int
    holding_cost: float
    serves: tuple[str, ...] = ()
    sd: float = 0.0
    inbound_time: int = 0
    outbound_time: int | None = None


@dataclass(frozen=True)
class ServicePlan:
    """Committed service time, net lead time and safety stock per stage, and the cost per period."""

    service_time: dict[str, int]
    net_lead_time: dict[str, int]
    safety_stock: dict[str, float]
    cost: float


def guaranteed_service(stages: Mapping[str, Stage], safety_factor: float) -> ServicePlan:
    """Cheapest committed service times of a tree, by dynamic programming.

    Stage k holds SS_k = z·σ_k·√τ_k with net lead time τ_k = SI_k + T_k − S_k; SI_k is the longest
    time any supplier quotes, σ_k² the sum over the demand it serves. f_k(S): least cost of the part of
    the tree behind k when k quotes S; g_k(SI): when k is quoted SI. Ties go to the shorter time.
    Raises `ValueError` when the stages do not form one tree. Source: Graves & Willems (2000, 2003).

    >>> plan = guaranteed_service({"1": Stage(2, 1, ("3",), inbound_time=1),
    ...     "3": Stage(1, 2, ("2", "4")), "2": Stage(1, 3, sd=1, outbound_time=0),
    ...     "4": Stage(1, 3, sd=1, outbound_time=1)}, safety_factor=1)
    >>> plan.service_time, round(plan.cost, 4)
    ({'1': 0, '3': 0, '2': 0, '4': 1}, 8.2779)
    """
    tree = _Tree(stages, safety_factor)
    root = tree.order[-1]
    quoted, promised = tree.best(root, None, None)
    times: dict[str, int] = {}
    inbound: dict[str, int] = {}
    waiting: list[tuple[str, str | None, int, int]] = [(root, None, quoted, promised)]
    while waiting:
        name, parent, quoted, promised = waiting.pop()
        inbound[name], times[name] = quoted, promised
        for supplier in tree.suppliers[name]:
            if supplier != parent:
                # f is already the least over promises up to the quote; take the one that attains it.
                cost = tree.cost_when_quoting(supplier, name)
                at = int(np.argmin(cost[: quoted + 1]))
                waiting.append((supplier, name, tree.best(supplier, name, at)[0], at))
        for customer in stages[name].serves:
            if customer != parent:
                cost = tree.cost_when_quoted(customer, name)
                at = promised + int(np.argmin(cost[promised:]))
                waiting.append((customer, name, at, tree.best(customer, name, at)[1]))
    net = {name: inbound[name] + stage.time - times[name] for name, stage in stages.items()}
    stock = {name: safety_factor * tree.sd[name] * net[name] ** 0.5 for name in stages}
    cost = sum(stages[name].holding_cost * stock[name] for name in stages)
    return ServicePlan({name: times[name] for name in stages}, net, stock, float(cost))


class _Tree:
    def __init__(self, stages: Mapping[str, Stage], safety_factor: float) -> None:
        self.stages, self.safety_factor = stages, safety_factor
        self.suppliers: dict[str, list[str]] = {name: [] for name in stages}
        for name, stage in stages.items():
            for customer in stage.serves:
                self.suppliers[customer].append(name)
        edges = sum(len(stage.serves) for stage in stages.values())
        self.order = self._upstream_first()
        if edges != len(stages) - 1 or len(self._connected()) != len(stages):
            raise ValueError("the stages must form one tree")
        self._outbound: dict[tuple[str, str], Numbers] = {}
        self._inbound: dict[tuple[str, str], Numbers] = {}

    @cached_property
    def longest(self) -> dict[str, int]:
        """Longest time from an outside supplier to the end of each stage."""
        longest: dict[str, int] = {}
        for name in self.order:
            before = [longest[supplier] for supplier in self.suppliers[name]]
            longest[name] = self.stages[name].time + max([self.stages[name].inbound_time, *before])
        return longest

    @cached_property
    def sd(self) -> dict[str, float]:
        """σ of the demand that each stage serves, directly or through others."""
        variance: dict[str, float] = {}
        for name in reversed(self.order):
            stage = self.stages[name]
            variance[name] = stage.sd**2 + sum(variance[customer] for customer in stage.serves)
        return {name: value**0.5 for name, value in variance.items()}

    @cached_property
    def width(self) -> int:
        return max(self.longest.values()) + 1

    def _upstream_first(self) -> list[str]:
        left = {name: len(above) for name, above in self.suppliers.items()}
        order, ready = [], [name for name in sorted(left) if not left[name]]
        while ready:
            name = ready.pop(0)
            order.append(name)
            for customer in self.stages[name].serves:
                left[customer] -= 1
                if not left[customer]:
                    ready.append(customer)
        if len(order) != len(self.stages):
            raise ValueError("the stages must form one tree")
        return order

    def _connected(self) -> set[str]:
        seen, waiting = set(), [self.order[0]]
        while waiting:
            name = waiting.pop()
            if name not in seen:
                seen.add(name)
                waiting += [*self.suppliers[name], *self.stages[name].serves]
        return seen

    def cost_when_quoting(self, name: str, parent: str) -> Numbers:
        """f: cost of the part behind `name`, seen from its customer `parent`, by its own promise."""
        if (name, parent) not in self._outbound:
            self._outbound[name, parent] = self._table(name, parent).min(axis=0)
        return self._outbound[name, parent]

    def cost_when_quoted(self, name: str, parent: str) -> Numbers:
        """g: cost of the part behind `name`, seen from its supplier `parent`, by what it is quoted."""
        if (name, parent) not in self._inbound:
            self._inbound[name, parent] = self._table(name, parent).min(axis=1)
        return self._inbound[name, parent]

    def best(self, name: str, parent: str | None, at: int | None) -> tuple[int, int]:
        """Quoted and promised time of a stage, one of them given unless it is the root."""
        table = self._table(name, parent)
        if parent is None or at is None:
            quoted, promised = np.unravel_index(int(np.argmin(table)), table.shape)
            return int(quoted), int(promised)
        if parent in self.stages[name].serves:
            return int(np.argmin(table[:, at])), at
        return at, int(np.argmin(table[at]))

    def _table(self, name: str, parent: str | None) -> Numbers:
        """Cost of the part behind a stage by (quoted time, promised time); ∞ where not allowed."""
        stage = self.stages[name]
        quoted, promised = np.arange(self.width)[:, None], np.arange(self.width)[None, :]
        net = quoted + stage.time - promised
        allowed = (net >= 0) & (quoted >= stage.inbound_time)
        allowed &= (quoted <= self.longest[name] - stage.time) & (promised <= self.longest[name])
        if stage.outbound_time is not None:
            allowed &= promised <= stage.outbound_time
        bound = self.safety_factor * stage.holding_cost * self.sd[name]
        table = np.where(allowed, bound * np.sqrt(np.maximum(net, 0)), np.inf)
        for supplier in self.suppliers[name]:
            if supplier != parent:
                cost = self.cost_when_quoting(supplier, name)
                table = table + np.minimum.accumulate(cost)[:, None]
        for customer in stage.serves:
            if customer != parent:
                cost = self.cost_when_quoted(customer, name)
                table = table + np.minimum.accumulate(cost[::-1])[::-1][None, :]
        return table
