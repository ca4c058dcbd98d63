"""Decisions that were taken in the serving database with plain SQL: into the ledger, and told back.

The database has already judged who asked and who decided; the desk judges them again, by the rules of the
settings and by what stands in the ledger now. What it refuses is told back with the rule. Every event bears
the id of what it was taken from, so that a second time, after whatever interruption, writes nothing twice.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, NamedTuple
from uuid import UUID

from optimization.errors import StockplanError
from orchestration.evidence.decisions.desk import DecisionDesk
from orchestration.evidence.decisions.events import POLICY_FAMILY
from orchestration.lake.events import Event
from orchestration.outcomes import Code, code_of
from orchestration.publish.serving.audit import witness
from orchestration.publish.serving.session import MOST_WAIT_SECONDS, publisher

if TYPE_CHECKING:
    from psycopg import Connection
    from psycopg.rows import TupleRow

    from orchestration.production_settings import ServingSettings

ORIGIN = "database_id"
# Levels that differ by less are the same.
_TOLERANCE_UNITS = 1e-6


class TakenDecision(NamedTuple):
    """What became of one request or decision; `told` is the rule that it breaks, or from when it counts."""

    subject_id: UUID
    what: str
    by_login: str
    state: Literal["written", "refused"]
    told: str

    def __str__(self) -> str:
        return f"{self.what} by {self.by_login} ({self.subject_id}): {self.state}: {self.told}"


class _Request(NamedTuple):
    request_id: UUID
    requested_by: str
    kind: str
    item_id: str
    location_id: str
    old_reorder_point_units: float | None
    old_order_up_to_units: float | None
    new_reorder_point_units: float
    new_order_up_to_units: float
    reason: str
    owner: str | None
    expires_date: Any
    is_as_asked: bool


class _Decision(NamedTuple):
    decision_id: UUID
    decided_by: str
    decision: str
    subject: str
    request_id: UUID | None
    content_hash: str
    comment: str


def take_decisions(
    desk: DecisionDesk, serving: ServingSettings, most_wait_seconds: float = MOST_WAIT_SECONDS
) -> Iterator[TakenDecision]:
    """Take everything that waits in the database into the desk's ledger, and give the database its lines.

    Raises as `publisher`, and what keeps the desk from judging or the ledger from being written: what
    waits then goes on waiting.
    """
    with publisher(serving, most_wait_seconds) as connection:
        # A ledger that was cut off is found before anything is written behind its end.
        witness(connection, desk.ledger)
        yield from DatabaseDecisions(connection, desk).take()
        witness(connection, desk.ledger)


@dataclass
class DatabaseDecisions:
    """A publisher's connection that commits each statement, and the desk that the decisions go through."""

    connection: Connection[TupleRow]
    desk: DecisionDesk
    _events: dict[str, Event] = field(default_factory=dict)

    def take(self) -> Iterator[TakenDecision]:
        """Take everything that waits, in its order, and yield what became of each.

        Requests come before decisions, which may be about them. Raises `psycopg.Error` when the database
        fails, and `StockplanError` when the desk cannot judge; what was taken until then stays taken.
        """
        rules = self.desk.rules
        self.connection.execute(
            "select decide.set_rules(%s, %s)", [rules.approval_days, rules.override_max_days]
        )
        self._events = {
            str(event.payload[ORIGIN]): event
            for event in self.desk.ledger.events(POLICY_FAMILY)
            if ORIGIN in event.payload
        }
        requests = [_Request(*row) for row in self.connection.execute(_OPEN_REQUESTS)]
        decisions = [_Decision(*row) for row in self.connection.execute(_OPEN_DECISIONS)]
        if requests or decisions:
            # That there is no release to judge by is nobody's refusal.
            _ = self.desk.standing
        for request in requests:
            yield self._take(request.request_id, request.kind, request.requested_by, request)
        for decision in decisions:
            yield self._take(decision.decision_id, decision.decision, decision.decided_by, decision)

    def _take(self, subject_id: UUID, what: str, login: str, told: _Request | _Decision) -> TakenDecision:
        event = self._events.get(str(subject_id))
        self.desk.origin = {ORIGIN: str(subject_id)}
        try:
            if event is None:
                event = self._ask(told) if isinstance(told, _Request) else self._decide(told)
        except StockplanError as refusal:
            if code_of(refusal) != Code.REQUEST_REFUSED:
                # A full disk or a broken ledger judges nobody: it waits until that is mended.
                raise
            taken = TakenDecision(subject_id, what, login, "refused", str(refusal))
            self._record(taken, None)
            return taken
        self._events[str(subject_id)] = event
        taken = TakenDecision(
            subject_id, what, login, "written", f"event {event.seq}, counts from {event.business_date} on"
        )
        self._record(taken, event)
        return taken

    def _ask(self, request: _Request) -> Event:
        if not request.is_as_asked:
            raise StockplanError("CHANGE_EDITED: the request is not the one that was asked any more")
        desk = self.desk
        place = desk.standing.places.get((request.item_id, request.location_id))
        seen = (request.old_reorder_point_units, request.old_order_up_to_units)
        if place is not None and any(
            before is None or abs(before - now) > _TOLERANCE_UNITS
            for before, now in zip(seen, place.old, strict=True)
        ):
            raise StockplanError(
                f"OLD_VALUE_MOVED: it was asked for in place of {seen[0]} / {seen[1]}, and what holds now is "
                f"{place.old[0]} / {place.old[1]}; look at it again"
            )
        levels = (request.new_reorder_point_units, request.new_order_up_to_units)
        where = (request.item_id, request.location_id)
        if request.kind == "proposed":
            return desk.propose(*where, levels, request.reason, request.requested_by)
        return desk.override(
            *where,
            levels,
            request.reason,
            request.owner or request.requested_by,
            request.expires_date,
            request.requested_by,
        )

    def _decide(self, decision: _Decision) -> Event:
        desk, change_id = self.desk, decision.subject
        if decision.request_id is not None:
            # By the ledger, where nobody but the desk writes: the database's answer is told to people.
            asked = self._events.get(str(decision.request_id))
            if asked is None:
                row = self.connection.execute(
                    "select told from decide.outcome where subject_id = %s", [decision.request_id]
                ).fetchone()
                raise StockplanError(
                    f"what it decides was refused: {row[0] if row else 'it was never taken'}"
                )
            change_id = str(asked.payload["change_id"])
        else:
            waiting = desk.standing.pending.get(change_id)
            if waiting is not None and waiting.content_hash != decision.content_hash:
                raise StockplanError("CHANGE_EDITED: the change is not the one that was decided about")
        return desk.decide(change_id, decision.decision, decision.comment, decision.decided_by)

    def _record(self, taken: TakenDecision, event: Event | None) -> None:
        self.connection.execute(
            "select decide.record_outcome(%s, %s, %s, %s, %s)",
            [
                taken.subject_id,
                taken.state,
                taken.told,
                None if event is None else event.payload.get("change_id"),
                None if event is None else event.event_id,
            ],
        )


_OPEN_REQUESTS = """
select
    request_id, requested_by, kind, item_id, location_id, old_reorder_point_units, old_order_up_to_units,
    new_reorder_point_units, new_order_up_to_units, reason, owner, expires_date,
    content_hash = decide.content_hash(request)
from decide.request
where not exists (select from decide.outcome where outcome.subject_id = request.request_id)
order by request_number
"""
_OPEN_DECISIONS = """
select decision_id, decided_by, decision, subject, request_id, content_hash, comment
from decide.decision
where not exists (select from decide.outcome where outcome.subject_id = decision.decision_id)
order by decision_number
"""
