"""The gate: nothing is published unless every check there is was made in this run and none failed.

Counting matters as much as the verdicts: a check that was skipped, because its stage was not run
or its test was dropped, would otherwise look like a check that passed.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from optimization.errors import StockplanError
from orchestration.publish.verdicts import Verdict

_MOST_NAMED = 20


class GateRefused(StockplanError):  # noqa: N818 - an outcome the operator knows by this name
    """The candidate may not be published; `problems` and the message name each reason."""

    def __init__(self, problems: Sequence[str]) -> None:
        self.problems = tuple(problems)
        shown = "\n".join(f"  {problem}" for problem in self.problems[:_MOST_NAMED])
        more = len(self.problems) - _MOST_NAMED
        rest = f"\n  … and {more} more" if more > 0 else ""
        super().__init__(
            f"the release is refused ({len(self.problems)} reasons); the last release stays current:\n"
            f"{shown}{rest}"
        )


def judge(
    verdicts: Sequence[Verdict],
    planned: Collection[tuple[str, str]],
    expected: Collection[tuple[str, str]],
) -> None:
    """Return when the candidate may be published, else raise `GateRefused`.

    `planned` are the checks (asset, check) this run set out to make, `expected` those of the whole
    graph; both must be exactly the evaluated ones, and no verdict of severity ERROR may be failed.
    """
    evaluated = {verdict.key for verdict in verdicts}
    failed = sorted((one for one in verdicts if one.is_blocking), key=lambda one: one.key)
    problems = [_told(verdict) for verdict in failed]
    if not expected:
        problems.append("no check is expected at all; a gate without checks would let everything pass")
    for asset, check in sorted(set(expected) - evaluated):
        problems.append(
            f"{asset}: check {check} was not made"
            + (" although this run planned it" if (asset, check) in set(planned) else " by this run")
            + "; repair: run the whole job for this date, not a part of it"
        )
    for asset, check in sorted(set(planned) - evaluated - set(expected)):
        problems.append(f"{asset}: check {check} was planned and not made; repair: run the whole job again")
    for asset, check in sorted(evaluated - set(expected)):
        problems.append(
            f"{asset}: check {check} is not part of the graph; repair: reload the definitions and run again"
        )
    for asset, check in sorted((evaluated & set(expected)) - set(planned)):
        problems.append(
            f"{asset}: check {check} was made without being planned; repair: run the whole job again"
        )
    if problems:
        raise GateRefused(problems)


def _told(verdict: Verdict) -> str:
    rows = "" if verdict.failing_rows is None else f", {verdict.failing_rows} failing rows"
    return (
        f"{verdict.asset}: {verdict.kind} check {verdict.check} failed{rows}: {verdict.detail}; "
        f"repair: {verdict.repair}"
    )
