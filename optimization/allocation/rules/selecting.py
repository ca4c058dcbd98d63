"""Which rule holds for which pool: conditions, schedule, smallest rank.

Specificity does not matter: of two rules that match, the one of smaller rank is used, and of the same
rank the one whose plan and id come first, which is told.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from optimization.allocation.book import PoolFacts
from optimization.allocation.rules.rule import FINDING_COLUMNS, Rule

Integers = npt.NDArray[np.int64]


def selected_rules(
    facts: PoolFacts, rules: Sequence[Rule], as_of: pd.Timestamp
) -> tuple[Integers, pd.DataFrame]:
    """Row in `rules` per pool, -1 where none matches, and the ties as findings with RULE_TIE.

    `rules` are in the order in which they are tried (rank, plan, rule). All stated conditions must
    hold; a condition on a location matches no pool of an item for all locations together.
    """
    chosen = np.full(len(facts), -1, dtype=np.int64)
    ranks = np.array([rule.rank for rule in rules], dtype=np.int64)
    ties: Counter[tuple[int, int]] = Counter()
    lookup = _Lookup(facts)
    for number, rule in enumerate(rules):
        if not rule.holds_on(as_of):
            continue
        rows = lookup.matching(rule)
        before = chosen[rows]
        chosen[rows[before < 0]] = number
        earlier = before[before >= 0]
        for winner, count in zip(
            *np.unique(earlier[ranks[earlier] == rule.rank], return_counts=True), strict=True
        ):
            ties[int(winner), number] += int(count)
    return chosen, _tie_findings(rules, ties)


class _Lookup:
    """Rows of the pools by the values that conditions name; each column is coded once."""

    def __init__(self, facts: PoolFacts) -> None:
        columns = {
            "item": facts.item_id,
            "category": facts.category,
            "location": facts.location_id,
            "region": facts.region,
        }
        self._every = np.arange(len(facts), dtype=np.int64)
        self._columns = columns
        self._coded: dict[str, tuple[Integers, pd.Index]] = {}
        self._rows_of_item: tuple[Integers, Integers] | None = None

    def matching(self, rule: Rule) -> Integers:
        """Rows that keep all conditions of `rule`, ascending."""
        rows = self._every
        for name in ("item", "category", "location", "region"):
            wanted = getattr(rule, name)
            if not wanted:
                continue
            codes, values = self._codes(name)
            code = int(values.get_indexer(pd.Index([wanted]))[0])
            # Plans name many items one by one, so items are looked up, not scanned.
            rows = self._of_item(code) if name == "item" else rows[codes[rows] == code]
        return rows

    def _codes(self, name: str) -> tuple[Integers, pd.Index]:
        if name not in self._coded:
            codes, values = pd.factorize(self._columns[name])
            # An unknown value is coded -1, and so is null: neither may match the other.
            self._coded[name] = np.where(codes < 0, -2, codes).astype(np.int64), pd.Index(values)
        return self._coded[name]

    def _of_item(self, code: int) -> Integers:
        codes, _ = self._codes("item")
        if self._rows_of_item is None:
            order = np.argsort(codes, kind="stable").astype(np.int64)
            self._rows_of_item = order, codes[order]
        order, sorted_codes = self._rows_of_item
        start, end = np.searchsorted(sorted_codes, [code, code + 1])
        return order[start:end]


def _tie_findings(rules: Sequence[Rule], ties: Counter[tuple[int, int]]) -> pd.DataFrame:
    rows = []
    for (winner, loser), count in sorted(ties.items()):
        used, other = rules[winner], rules[loser]
        rows.append(
            (
                other.plan_id,
                other.plan_version,
                other.rule_id,
                "RULE_TIE",
                f"rule {other.rule_id} of plan {other.plan_id} matches {count} pools that rule "
                f"{used.rule_id} of plan {used.plan_id} matches with the same rank {used.rank}; the "
                f"latter is used: give one of them another rank",
            )
        )
    return pd.DataFrame(rows, columns=list(FINDING_COLUMNS))
