"""All assets and checks of the project in one list: what a run of the whole graph consists of."""

from functools import cache

import dagster as dg

from orchestration.defs.allocation import assets as allocation
from orchestration.defs.backtest import assets as backtest
from orchestration.defs.demand import assets as demand
from orchestration.defs.demand import effects
from orchestration.defs.history import assets as history
from orchestration.defs.ims import assets as ims
from orchestration.defs.marts import assets as marts
from orchestration.defs.marts import checks as marts_checks
from orchestration.defs.network import assets as network
from orchestration.defs.orders import made_to_order, messages, promises, requests
from orchestration.defs.planning import assets as planning
from orchestration.defs.policy import assets as policy
from orchestration.defs.policy import decisions, proof, reasons
from orchestration.defs.promising import assets as promising
from orchestration.defs.published import assets as published
from orchestration.defs.release import assets as release
from orchestration.defs.vehicles import assets as vehicles

ASSETS = dg.load_assets_from_modules(
    [
        ims,
        marts,
        history,
        demand,
        effects,
        vehicles,
        policy,
        proof,
        decisions,
        reasons,
        planning,
        network,
        allocation,
        promising,
        promises,
        requests,
        made_to_order,
        messages,
        backtest,
        published,
        release,
    ]
)
CHECKS = dg.load_asset_checks_from_modules([marts_checks])


@cache
def check_keys() -> frozenset[tuple[str, str]]:
    """Return (asset, check) of every check of the graph."""
    return frozenset(
        (key.asset_key.path[-1], key.name)
        for made in (*ASSETS, *CHECKS)
        if isinstance(made, dg.AssetsDefinition)
        for key in made.check_keys
    )
