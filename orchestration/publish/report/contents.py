"""What the report holds, in this order: a section is a function from a release to a `Section`."""

from __future__ import annotations

from collections.abc import Callable

from orchestration.publish.reading import ReleaseReader
from orchestration.publish.report.allocation import allocation_section
from orchestration.publish.report.annual import annual_section
from orchestration.publish.report.approvals import approvals_section
from orchestration.publish.report.balance import balance_section
from orchestration.publish.report.blocks import Section
from orchestration.publish.report.demand import demand_section
from orchestration.publish.report.exceptions import exceptions_section
from orchestration.publish.report.indicators import indicators_section
from orchestration.publish.report.orders import late_section, plan_section
from orchestration.publish.report.review import changes_section, risks_section, weekly_section
from orchestration.publish.report.scorecard import scorecard_section
from orchestration.publish.report.service import service_section

SECTIONS: tuple[Callable[[ReleaseReader], Section], ...] = (
    exceptions_section,
    changes_section,
    approvals_section,
    plan_section,
    demand_section,
    late_section,
    indicators_section,
    balance_section,
    allocation_section,
    service_section,
    annual_section,
    weekly_section,
    risks_section,
    scorecard_section,
)
