"""One event of the ledger: its families, its canonical line, its hashes, and what is wrong with a line.

Nothing here opens a file; `orchestration.lake.ledger` does.

The hashes are taken over pieces of the canonical line itself. Its keys are sorted and its texts are
ASCII with every inner quote escaped, so `,"hash":"` stands in it once at the top, before the payload,
and `,"prev_hash":"` after the payload.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any, NamedTuple

from optimization.contracts.allocation_columns import OPERATIONS
from optimization.contracts.approval_columns import DEMAND_PLAN_DECISIONS, POLICY_DECISIONS
from optimization.contracts.order_columns import UNIT_OPERATIONS
from optimization.errors import StockplanError

FAMILIES: dict[str, frozenset[str]] = {
    "snapshot": frozenset({"sealed", "duplicate", "refused", "superseded", "override"}),
    "policy": frozenset({*POLICY_DECISIONS, "bootstrap_approved", "auto_approved"}),
    "review": frozenset({"completed"}),
    "demand_plan": frozenset(DEMAND_PLAN_DECISIONS),
    "release": frozenset({"published", "unchanged", "refused", "rolled_back"}),
    "allocation": frozenset(OPERATIONS),
    "allocation_plan": frozenset({"proposed", "approved", "rejected", "withdrawn"}),
    "overlay": frozenset({"published", "refused"}),
    "retention": frozenset({"removed"}),
    "unit": frozenset(UNIT_OPERATIONS),
}
GENESIS = "0" * 64

_HASH_KEY = b',"hash":"'
_PAYLOAD_KEY = b',"payload":'
_PREV_HASH_KEY = b',"prev_hash":"'
_FAMILY_KEY = b',"family":"'
_DATE_KEY = b'"business_date":"'
_DATE_LENGTH = 10
# Made once: `json.dumps` with options would build an encoder per call.
_encode = json.JSONEncoder(sort_keys=True, separators=(",", ":"), allow_nan=False).encode


class LedgerError(StockplanError):
    """An event may not be written, or the ledger cannot be read; the message says why."""


class LedgerBrokenError(LedgerError):
    """The ledger was edited, cut or damaged; nothing is written to it until it is restored."""


class Event(NamedTuple):
    """One line of the ledger.

    `event_id` is the content's own id: the same fact told a second time differs in its
    occurrence number alone. `recorded_at` (UTC) is evidence of when it was written and never
    enters a published row.
    """

    seq: int
    event_id: str
    family: str
    event_type: str
    subject: str
    business_date: date
    actor: str
    recorded_at: str
    payload: Mapping[str, Any]
    prev_hash: str
    hash: str

    def to_line(self) -> bytes:
        """The event as its canonical line, newline included."""
        fields = self._asdict()
        return canonical({**fields, "business_date": self.business_date.isoformat()}) + b"\n"


@dataclass(frozen=True)
class Draft:
    """What somebody wants to be written; the ledger adds number, ids and hashes.

    Raises `LedgerError` for an unknown family or type, a name that is no text, a business date that is
    no plain date, or a payload that is not plain JSON.
    """

    family: str
    event_type: str
    subject: str
    business_date: date
    actor: str
    payload: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.event_type not in FAMILIES.get(self.family, frozenset()):
            raise LedgerError(
                f"{self.family}/{self.event_type} is not a registered event; add it to FAMILIES in "
                "orchestration.lake.events, together with the view that folds it"
            )
        if not (isinstance(self.subject, str) and isinstance(self.actor, str)):
            raise LedgerError(f"subject and actor of {self.family}/{self.event_type} must be texts")
        if type(self.business_date) is not date:
            raise LedgerError(
                f"business date of {self.family}/{self.event_type} must be a date, not {self.business_date!r}"
            )
        try:
            content = json.loads(canonical(dict(self.payload)))
        except (TypeError, ValueError, RecursionError) as error:
            raise LedgerError(
                f"payload of {self.family}/{self.event_type} is not plain JSON: {error}"
            ) from error
        object.__setattr__(self, "payload", content)


@dataclass
class Chain:
    """Where a walk along the ledger stands: all that the next line is judged and made by.

    `occurrences`: how often each fact was told. `latest_at`: per family the latest business time
    (`event_at`) of its events, as canonical text, whose order is that of the times.
    """

    n_events: int = 0
    head: str = GENESIS
    occurrences: dict[bytes, int] = field(default_factory=dict)
    latest_at: dict[str, str] = field(default_factory=dict)

    def write(self, draft: Draft, recorded_at: str) -> tuple[Event, bytes]:
        """Return the draft as the chain's next event with its line, and take it in."""
        payload = canonical(draft.payload)
        fact = _fact(draft.family, draft.event_type, draft.subject, draft.business_date.isoformat(), payload)
        unhashed = Event(
            seq=self.n_events + 1,
            event_id=_event_id(fact, self.occurrences.get(fact, 0) + 1),
            family=draft.family,
            event_type=draft.event_type,
            subject=draft.subject,
            business_date=draft.business_date,
            actor=draft.actor,
            recorded_at=recorded_at,
            payload=draft.payload,
            prev_hash=self.head,
            hash="",
        )
        line = unhashed.to_line()
        event = unhashed._replace(hash=_line_hash(line[:-1], 0))
        self._take_in(event, fact)
        return event, line.replace(b',"hash":""', b',"hash":"' + event.hash.encode() + b'"', 1)

    def read(self, line: bytes) -> str:
        """Take in the next line, without its newline; return what is wrong with it, empty when nothing is.

        A line with a fault is not taken in.
        """
        try:
            fields = json.loads(line)
            event = _event(fields)
            is_canonical = canonical(fields) == line
        except (ValueError, TypeError, AttributeError, RecursionError) as error:
            return f"is not an event ({error})"
        if not is_canonical:
            return "was written by other hands (not in canonical form)"
        if event.hash != _line_hash(line, len(event.hash)):
            return "was edited (its content does not match its hash)"
        if event.seq != self.n_events + 1 or event.prev_hash != self.head:
            return (
                f"does not follow the line before it (it says it is event {event.seq}): a line was "
                "deleted, inserted or moved"
            )
        if event.event_type not in FAMILIES.get(event.family, frozenset()):
            return f"is of no registered family ({event.family}/{event.event_type})"
        start = line.index(_PAYLOAD_KEY, line.index(_HASH_KEY)) + len(_PAYLOAD_KEY)
        payload = line[start : line.rindex(_PREV_HASH_KEY)]
        fact = _fact(event.family, event.event_type, event.subject, fields["business_date"], payload)
        if event.event_id != _event_id(fact, self.occurrences.get(fact, 0) + 1):
            return "bears an event id that is not its content's"
        self._take_in(event, fact)
        return ""

    def after_latest(self, family: str, moment: datetime) -> datetime:
        """Return `moment` (UTC), or the microsecond after the family's latest time if that is later."""
        latest = self.latest_at.get(family)
        if latest is None:
            return moment
        return max(moment, datetime.fromisoformat(latest) + timedelta(microseconds=1))

    def _take_in(self, event: Event, fact: bytes) -> None:
        self.n_events += 1
        self.head = event.hash
        self.occurrences[fact] = self.occurrences.get(fact, 0) + 1
        told = event.payload.get("event_at")
        if isinstance(told, str) and told > self.latest_at.get(event.family, "") and _is_moment(told):
            self.latest_at[event.family] = told


def stamp(draft: Draft, moment: datetime) -> Draft:
    """Return the draft with its business time, and no business date before that of the time."""
    return Draft(
        draft.family,
        draft.event_type,
        draft.subject,
        max(draft.business_date, moment.date()),
        draft.actor,
        {**draft.payload, "event_at": moment_text(moment)},
    )


def moment_text(moment: datetime) -> str:
    """A time as the ledger writes it: UTC, microseconds, always of one length.

    >>> moment_text(datetime(2024, 1, 31, 10, tzinfo=UTC))
    '2024-01-31T10:00:00.000000+00:00'
    """
    return _utc(moment).isoformat(timespec="microseconds")


def read_moment(text: str) -> datetime:
    """Read a time in ISO form, UTC where it names no zone. Raises `ValueError` for anything else.

    >>> read_moment("2024-01-31T12:00:00+02:00") == read_moment("2024-01-31T10:00")
    True
    """
    return _utc(datetime.fromisoformat(text))


def parse(line: bytes) -> Event:
    """Read one line as an event, without judging it. Raises `ValueError` when it is none."""
    return _event(json.loads(line))


def choice(
    family: str | None, until: date | None, after_seq: int, or_after: date | None
) -> Callable[[int, bytes], bool]:
    """Return whether the line with a number may be one that is asked for, told without reading it whole.

    A line that does not look like an event is always one, so that reading it names the fault.
    """
    wanted = None if family is None else f'{family}"'.encode()
    last = None if until is None else until.isoformat().encode()
    later = None if or_after is None else or_after.isoformat().encode()

    def may_be_wanted(number: int, line: bytes) -> bool:
        at = line.find(_FAMILY_KEY)
        day = line.find(_DATE_KEY)
        if at < 0 or day < 0:
            return True
        told = line[day + len(_DATE_KEY) : day + len(_DATE_KEY) + _DATE_LENGTH]
        return (
            (wanted is None or line.startswith(wanted, at + len(_FAMILY_KEY)))
            and (last is None or told <= last)
            and (number > after_seq or (later is not None and told > later))
        )

    return may_be_wanted


def canonical(content: Mapping[str, Any]) -> bytes:
    """Sorted keys, no spaces, ASCII: one content has one line, and no value can break it."""
    return _encode(content).encode("ascii")


def _event(fields: dict[str, Any]) -> Event:
    try:
        event = Event(**{**fields, "business_date": date.fromisoformat(fields["business_date"])})
    except (KeyError, TypeError) as error:
        raise ValueError(f"not the fields of an event: {error}") from error
    texts = (event.family, event.event_type, event.subject, event.actor, event.recorded_at, event.hash)
    if not all(isinstance(text, str) for text in texts) or not isinstance(event.payload, dict):
        raise ValueError("not the fields of an event: a name that is no text, or a payload no object")
    return event


def _line_hash(line: bytes, hash_length: int) -> str:
    """The hash of a canonical line, taken without its own hash, which is `hash_length` long in it."""
    at = line.index(_HASH_KEY)
    return hashlib.sha256(line[:at] + line[at + len(_HASH_KEY) + hash_length + 1 :]).hexdigest()


def _fact(family: str, event_type: str, subject: str, day: str, payload: bytes) -> bytes:
    """Fingerprint of what is told, whoever tells it and whenever."""
    names = _encode([family, event_type, subject, day])[:-1].encode("ascii")
    return hashlib.sha256(b'{"fact":' + names + b"," + payload + b"]}").digest()


def _event_id(fact: bytes, occurrence: int) -> str:
    return hashlib.sha256(f"{fact.hex()}:{occurrence}".encode()).hexdigest()[:32]


def _is_moment(text: str) -> bool:
    """Whether the text is a time in the ledger's own form; another form would break the order."""
    try:
        return moment_text(datetime.fromisoformat(text)) == text
    except ValueError:
        return False


def _utc(moment: datetime) -> datetime:
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
