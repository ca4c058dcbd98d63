"""Rules as linear rows over one 0/1 column per option, for the checked solver.

A rule with the condition I (all of them chosen) and the count of T between l and u becomes

    Σ_T x − l·Σ_I x ≥ l − l·|I|            (where l > 0)
    Σ_T x + (|T| − u)·Σ_I x ≤ u + (|T| − u)·|I|     (where u < |T|)

which bind at the count when all of I are 1 and say nothing otherwise.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
from scipy import sparse

from optimization.build_to_order.configuration.rules import Rule
from optimization.solver.matrix import MatrixModel

Numbers = npt.NDArray[np.float64]


@dataclass
class OptionModel:
    """Rows over the columns of `options`; `upper` is 0 for an option that cannot be chosen."""

    name: str
    options: Sequence[str]
    lower: Numbers
    upper: Numbers
    _rows: list[dict[int, float]] = field(default_factory=list)
    _least: list[float] = field(default_factory=list)
    _most: list[float] = field(default_factory=list)
    _names: list[str] = field(default_factory=list)

    @classmethod
    def of(
        cls, name: str, rules: Iterable[Rule], options: Sequence[str], offered: frozenset[str]
    ) -> OptionModel:
        """Return the model of rules over options; one that is not offered stays 0.

        Options of the rules that are not among `options` raise `KeyError`.
        """
        upper = np.array([float(option in offered) for option in options])
        model = cls(name, options, np.zeros(len(options)), upper)
        column = {option: k for k, option in enumerate(options)}
        for rule in rules:
            model._add_rule(rule, column)
        return model

    def add_row(self, weights: dict[int, float], least: float, most: float, name: str) -> None:
        """Add `least ≤ Σ weight·x ≤ most`."""
        self._rows.append(weights)
        self._least.append(least)
        self._most.append(most)
        self._names.append(name)

    def minimising(self, cost: Numbers) -> MatrixModel:
        """Return the model that the solver takes, with this cost per chosen option."""
        count = len(self.options)
        entries = [(i, k, w) for i, row in enumerate(self._rows) for k, w in sorted(row.items()) if w]
        row, column, value = (np.array([one[n] for one in entries]) for n in range(3))
        matrix = sparse.csc_matrix(
            (value, (row, column)) if entries else (len(self._rows), count),
            shape=(len(self._rows), count),
            dtype=np.float64,
        )
        matrix.sort_indices()
        return MatrixModel(
            name=self.name,
            cost=cost,
            offset=0.0,
            column_lower=self.lower.copy(),
            column_upper=self.upper.copy(),
            row_lower=np.array(self._least, dtype=np.float64),
            row_upper=np.array(self._most, dtype=np.float64),
            start=matrix.indptr.astype(np.int32),
            index=matrix.indices.astype(np.int32),
            value=matrix.data.astype(np.float64),
            is_integer=np.ones(count, dtype=np.bool_),
            columns=tuple(("option", option) for option in self.options),
            row_names=tuple(self._names),
        )

    def _add_rule(self, rule: Rule, column: dict[str, int]) -> None:
        given, then = [column[one] for one in rule.given], [column[one] for one in rule.then]
        size = len(then)
        if rule.least > 0:
            self.add_row(
                _weights(then, given, -float(rule.least)),
                rule.least - rule.least * len(given),
                np.inf,
                f"{rule.rule_id} least",
            )
        if rule.most < size:
            slack = float(size - rule.most)
            self.add_row(
                _weights(then, given, slack), -np.inf, rule.most + slack * len(given), f"{rule.rule_id} most"
            )


def _weights(then: list[int], given: list[int], of_given: float) -> dict[int, float]:
    """1 per option of the count, `of_given` per option of the condition; one in both has both."""
    weights = dict.fromkeys(then, 1.0)
    for one in given:
        weights[one] = weights.get(one, 0.0) + of_given
    return weights
