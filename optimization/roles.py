"""Who somebody is, and what the settings let them decide."""

from __future__ import annotations

import unicodedata

from optimization.parameters import GovernanceParameters

# Who wants what is calculated; nobody may decide under this name.
SYSTEM = "stockplan"


def same_person(one: str, other: str) -> bool:
    """Whether two names are the same person's, however they are written.

    >>> same_person("Ann  Lee", "ann lee"), same_person("ann", "bob")
    (True, False)
    """
    return _plain_name(one) == _plain_name(other)


def role_of(actor: str, rules: GovernanceParameters) -> str:
    """What the settings let somebody do: planner, approver, both, none, or unrestricted without lists.

    >>> rules = GovernanceParameters(approvers=("Eve",), planners=("ann",))
    >>> [role_of(name, rules) for name in ("eve", "ann", "bob")], role_of("x", GovernanceParameters())
    (['approver', 'planner', 'none'], 'unrestricted')
    """
    if not rules.approvers and not rules.planners:
        return "unrestricted"
    may = {"planner": may_plan(actor, rules), "approver": may_approve(actor, rules)}
    if all(may.values()):
        return "both"
    return next((role for role, holds in may.items() if holds), "none")


def may_plan(actor: str, rules: GovernanceParameters) -> bool:
    """Whether somebody may propose and override; anybody where no planner is named."""
    return not rules.planners or any(same_person(actor, one) for one in rules.planners)


def may_approve(actor: str, rules: GovernanceParameters) -> bool:
    """Whether somebody may approve and reject; anybody where no approver is named."""
    return not rules.approvers or any(same_person(actor, one) for one in rules.approvers)


def _plain_name(name: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", name).casefold().split())
