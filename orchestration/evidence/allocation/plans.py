"""Allocation plans as they stand now, and what may be decided of them.

A decision is an event of the ledger; the state of a plan is told by `optimization.allocation.rules` from
the source's rules, the proposed ones and all decisions. What that would not let count is refused here
before it is written, with a message for the one who tried.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from typing import Any, Literal

import pandas as pd

from optimization.contracts.allocation_tables import ALLOCATION_RULE
from optimization.errors import StockplanError
from orchestration.evidence.allocation.operations import (
    PLAN_FAMILY,
    plan_decisions,
    proposed_frame,
    proposed_rules,
)
from orchestration.lake.ledger import Event, Ledger
from orchestration.lake.parquet import arrow_to_frame, read_arrow
from orchestration.lake.paths import Lake
from orchestration.publish.shelf import current_release

Decision = Literal["approved", "rejected", "withdrawn"]
# States in which a decision still changes something.
_OPEN_TO: dict[str, tuple[str, ...]] = {
    "approved": ("proposed",),
    "rejected": ("proposed", "approved", "effective"),
    "withdrawn": ("proposed", "approved", "effective"),
}
# What the ledger's event says of every row of a proposal, and so no row has to.
_STATED_BY_EVENT = ("plan_id", "plan_version_number", "plan_state", "author")


def plans_now(lake: Lake, ledger: Ledger) -> pd.DataFrame:
    """Return every plan's rules as the next release will state them, columns of `opt_out__allocation_plan`.

    Rules of the source are those of the current release; nothing is known of them before the first.
    """
    from optimization.allocation.rules.plan_states import plan_states

    decisions = plan_decisions(ledger, date.max)
    days = [pd.Timestamp(_next_date(lake)), *decisions["business_date"]]
    proposed = proposed_rules(ledger, date.max)
    return plan_states(_source_rules(lake, proposed), proposed, decisions, max(days))


def propose(
    content: Mapping[str, Any], actor: str, lake: Lake, ledger: Ledger, clock: Callable[[], datetime]
) -> Event:
    """Write the proposal of a plan file's content and return the event.

    `content` is what `plan_rows` reads; who proposes is the author. Raises `ContractError` listing
    every fault of the rules, and `StockplanError` for another author, or a version that there is.
    """
    from optimization.allocation.rules.content import content_hash
    from optimization.allocation.rules.plan_rows import plan_rows

    author = str(content.get("author") or actor)
    if author != actor:
        raise StockplanError(
            f"the file names {author} as author, but {actor} proposes it; who proposes a plan answers for "
            "it, and somebody else approves it"
        )
    rows = plan_rows({**content, "author": actor})
    plan_id, version = str(rows["plan_id"].iloc[0]), int(rows["plan_version_number"].iloc[0])
    known = plans_now(lake, ledger)
    known = known[known["plan_id"] == plan_id]
    if (known["plan_version_number"] == version).any():
        raise StockplanError(
            f"plan {plan_id} has a version {version}; propose the new rules as version "
            f"{int(known['plan_version_number'].max()) + 1}"
        )
    payload: dict[str, Any] = {"plan_version_number": version, "rules": _plain_rules(rows)}
    # Of the rules as they will be read back, so that an approval names what will be applied.
    payload["content_hash"] = content_hash(proposed_frame(plan_id, payload, actor))
    return _write(plan_id, "proposed", payload, actor, lake, ledger, clock)


def decide(
    plan_id: str,
    version: int,
    decision: Decision,
    comment: str,
    actor: str,
    lake: Lake,
    ledger: Ledger,
    clock: Callable[[], datetime],
) -> Event:
    """Write a decision on a plan version and return the event.

    Raises `StockplanError` for a version that there is not, a state in which the decision changes
    nothing, or an approval by the author.
    """
    plans = plans_now(lake, ledger)
    plan = plans[(plans["plan_id"] == plan_id) & (plans["plan_version_number"] == version)]
    if not len(plan):
        raise StockplanError(
            f"there is no version {version} of a plan {plan_id!r}; list them with: stockplan plan list"
        )
    state, authors = str(plan["plan_state"].iloc[0]), set(plan["author"])
    if state not in _OPEN_TO[decision]:
        raise StockplanError(
            f"plan {plan_id} version {version} is {state}; only one that is "
            f"{' or '.join(_OPEN_TO[decision])} can be {decision}"
        )
    if decision == "approved" and actor in authors:
        raise StockplanError(
            f"{actor} wrote plan {plan_id} version {version} and may not approve it; ask somebody else"
        )
    payload = {
        "plan_version_number": version,
        "content_hash": str(plan["content_hash"].iloc[0]),
        "comment": comment,
    }
    return _write(plan_id, decision, payload, actor, lake, ledger, clock)


def _write(
    plan_id: str,
    decision: str,
    payload: Mapping[str, Any],
    actor: str,
    lake: Lake,
    ledger: Ledger,
    clock: Callable[[], datetime],
) -> Event:
    return ledger.append_timed(
        PLAN_FAMILY,
        decision,
        subject=plan_id,
        business_date=_next_date(lake),
        actor=actor,
        payload=payload,
        clock=clock,
    )


def _next_date(lake: Lake) -> date:
    """The first business date that is not published yet: what is decided now counts from there."""
    current = current_release(lake)
    return date(1970, 1, 1) if current is None else current.as_of + timedelta(days=1)


def _source_rules(lake: Lake, proposed: pd.DataFrame) -> pd.DataFrame:
    """Rules of the source, from the current release: the ledger states what was proposed there itself.

    A state that follows from dates and other versions goes back to the one the source gave, so that
    it is told anew.
    """
    current = current_release(lake)
    if current is None or "allocation_plan" not in current.tables:
        return pd.DataFrame({name: pd.Series(dtype=object) for name in ALLOCATION_RULE.column_names})
    rules = arrow_to_frame(read_arrow(current.table("allocation_plan")), ALLOCATION_RULE)
    version = ["plan_id", "plan_version_number"]
    own = ~pd.MultiIndex.from_frame(rules[version]).isin(pd.MultiIndex.from_frame(proposed[version]))
    rules = rules[own].reset_index(drop=True)
    follows = rules["plan_state"].isin(["effective", "superseded", "expired"])
    return rules.assign(plan_state=rules["plan_state"].mask(follows, "approved"))


def _plain_rules(rows: pd.DataFrame) -> list[dict[str, Any]]:
    """Rules as plain JSON, what is null left out, dates as text."""
    kept = rows.drop(columns=list(_STATED_BY_EVENT))
    return [
        {
            str(name): value.date().isoformat() if isinstance(value, pd.Timestamp) else value
            for name, value in row.items()
            if not pd.isna(value)
        }
        for row in kept.astype(object).to_dict("records")
    ]
