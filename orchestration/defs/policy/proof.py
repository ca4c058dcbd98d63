"""Proof of the policies: calculated a second time, from the inputs that were written down."""

from collections.abc import Iterable

import dagster as dg

from optimization.contracts.reason_tables import POLICY_INPUT
from optimization.contracts.scorecard_tables import POLICY_PROOF
from orchestration.defs.borders import Told, read_borders, write_border
from orchestration.defs.partitions import business_date
from orchestration.defs.resources import Pipeline
from orchestration.defs.science import science_asset


@science_asset(POLICY_PROOF, group="policy", kinds={"python"})
def policy_proof(context: dg.AssetExecutionContext, pipeline: dg.ResourceParam[Pipeline]) -> Iterable[Told]:
    """Calculate every policy again from its stored inputs, and compare."""
    from optimization.policy.proof import prove

    as_of = business_date(context)
    with pipeline.stage("policy_proof") as stage:
        (inputs,) = read_borders(pipeline, as_of, POLICY_INPUT)
        frame, report = prove(inputs)
        yield from write_border(pipeline, as_of, POLICY_PROOF, frame, report)
        equal = int(frame["is_recomputed_equal"].fillna(False).sum())
        stage.detail = f"{equal:,} of {len(frame):,} policies are the same again"
