"""Buildability of configurations, through the rules that check the orders."""

from __future__ import annotations

from typing import Any

from optimization.build_to_order.configuration.rules import RuleSet, violations
from tests.configuration_frames import AS_OF, catalogue, rule, rules
from tests.oracles.registry import answers


@answers("buildability rules")
def violated(given: dict[str, Any]) -> Any:
    """Numbers of the rules that each configuration breaks."""
    rows = [_row(f"{number:02d}", one) for number, one in enumerate(given["rules"])]
    options = {
        option for row in rows for option in f"{row['then_options']}|{row['if_options'] or ''}".split("|")
    }
    known = options.union(*given["configs"]) - {""}
    rule_set = RuleSet.of(rules(*rows), catalogue(*sorted(known)), "US", "camry", AS_OF)
    return [
        [int(one.rule.rule_id) for one in violations(rule_set, frozenset(config)) if one.rule]
        for config in given["configs"]
    ]


def _row(rule_id: str, stated: dict[str, Any]) -> dict[str, Any]:
    if stated["type"] == "excludes":
        return rule(rule_id, "excludes", stated["b"], stated["a"])
    then = stated.get("then_any") or stated["group"]
    return rule(rule_id, stated["type"], "|".join(then), "|".join(stated.get("if_all", [])) or None)
