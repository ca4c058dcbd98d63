"""The declared rules by which a change counts, or waits, and how each is told with its limits."""

from __future__ import annotations

from typing import NamedTuple

from optimization.parameters import PolicyParameters
from optimization.policy.decisions import Outcome


class Rule(NamedTuple):
    """Where a change stands and why: its state, reason, and the declared rule that it counts by."""

    state: str
    reason: str
    name: str | None = None
    text: str | None = None


# Outcomes that put nothing into force.
_OTHERWISE = {
    "proposed": Rule("proposed", "APPROVAL_PENDING"),
    "rejected": Rule("rejected", "CHANGE_REJECTED"),
    "withdrawn": Rule("withdrawn", "CHANGE_WITHDRAWN"),
    "expired": Rule("expired", "PROPOSAL_EXPIRED"),
    "superseded": Rule("superseded", "CHANGE_SUPERSEDED"),
    "moved": Rule("superseded", "CALCULATION_MOVED"),
    "gone": Rule("superseded", "NO_LONGER_PLANNED"),
}


def rule_of(outcome: Outcome, parameters: PolicyParameters) -> Rule:
    """Where an outcome leaves its change; one by a declared rule names it in its event."""
    if outcome.state not in ("approved", "auto_approved"):
        return _OTHERWISE[outcome.state]
    name = "approver" if outcome.state == "approved" else str(outcome.event["rule"])
    return Rule(outcome.state, "APPROVED_CHANGE", name, rule_text(name, parameters))


def rule_text(name: str, parameters: PolicyParameters) -> str:
    """A declared rule in words, with the limits that held.

    >>> rule_text("value_limit", PolicyParameters(auto_approve_value=500))
    'no more than 500 at cost'
    """
    money = f"no more than {parameters.auto_approve_value:,.0f} at cost"
    band = f"{parameters.dead_band_units:g} units or {parameters.dead_band_share:.0%} of the old value"
    return {
        "bootstrap": "no value held before, so today's calculation is the first one",
        "dead_band": f"no more than {band}, and {money}",
        "value_limit": money,
        "last_order": "an item's last order and the end of its life do not wait for the dead band",
        "override_over": "an override that ends gives back what it had replaced",
        "approver": "approved by somebody other than its author",
    }[name]
