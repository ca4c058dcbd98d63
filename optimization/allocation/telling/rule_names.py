"""Plan and rule that a line names; the optimal sharing has a name of its own."""

from __future__ import annotations

import numpy as np

from optimization.allocation.book import Integers, RuleTerms, Texts

NO_RULE = "optimal"


def rule_names(rule: Integers, rules: RuleTerms) -> tuple[Texts, Texts]:
    """Plan and rule of each row of `rules`; where it is -1 the optimal sharing stands in for both."""
    plan: Texts = np.array([*rules.plan_id.tolist(), NO_RULE], dtype=object)[rule]
    name: Texts = np.array([*rules.rule_id.tolist(), NO_RULE], dtype=object)[rule]
    return plan, name
