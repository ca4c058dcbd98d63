"""How long the check of configurations takes: `python -m tests.benchmarks.configuration [ORDERS] [RULES]`.

Orders keep the rules but for some that got another option of two families by accident.
"""

from __future__ import annotations

import sys
import time

import numpy as np
import pandas as pd

from optimization.build_to_order.configuration.checking import check_orders
from optimization.build_to_order.configuration.repairs import smallest_repairs
from optimization.build_to_order.configuration.rules import RuleSet
from optimization.option_sets import text_of
from optimization.order_parameters import ConfigurationParameters
from tests.configuration_frames import AS_OF, catalogue, order, orders, rule, rules

_FAMILIES, _PER_FAMILY = 12, 10


def instance(order_count: int, rule_count: int, broken_share: float) -> tuple[pd.DataFrame, ...]:
    """Return orders, rules and options; `broken_share` of the orders got two options by accident."""
    chance = np.random.default_rng(7)
    families = [[f"F{f:02d}_{n:02d}" for n in range(_PER_FAMILY)] for f in range(_FAMILIES)]
    options = [option for family in families for option in family]
    rows = [rule(f"one {f:02d}", "one_of", text_of(family)) for f, family in enumerate(families[:8])]
    rows += [rule(f"most {f:02d}", "at_most_one", text_of(family)) for f, family in enumerate(families[8:])]
    for n in range(rule_count - len(rows)):
        first, *others = (str(one) for one in chance.choice(options, size=5, replace=False))
        kind, then = ("excludes", others[0]) if n % 2 else ("requires", text_of(others))
        rows.append(rule(f"rule {n:04d}", kind, then, first))
    stated, offered = rules(*rows), catalogue(*options)
    rule_set = RuleSet.of(stated, offered, "US", "camry", AS_OF)
    sound = [one.applied_to(frozenset()) for one in smallest_repairs(rule_set, frozenset(), k=8).found]

    def configuration(is_broken: bool) -> frozenset[str]:
        chosen = set(sound[int(chance.integers(len(sound)))])
        for f in chance.choice(_FAMILIES, size=2 if is_broken else 0, replace=False):
            chosen = (chosen - set(families[f])) | {str(chance.choice(families[f]))}
        return frozenset(chosen)

    broken = chance.random(order_count) < broken_share
    placed = orders(*(order(f"o{n:06d}", text_of(configuration(one))) for n, one in enumerate(broken)))
    return placed, stated, offered


def main(arguments: list[str]) -> None:
    """Print CPU seconds without and with orders that need repairs."""
    order_count, rule_count = (int(one) for one in [*arguments, "1000", "300"][:2])
    for share in (0.0, 0.01):
        frames = instance(order_count, rule_count, share)
        start = time.process_time()
        _, _, report = check_orders(*frames, AS_OF, ConfigurationParameters())
        seconds = time.process_time() - start
        print(
            f"{order_count:,} orders, {rule_count} rules, {report['orders_not_buildable']} not buildable: "
            f"{seconds:.2f} CPU s, {report['rule_faults']} faults of rules"
        )


if __name__ == "__main__":
    main(sys.argv[1:])
