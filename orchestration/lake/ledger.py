"""The one ledger: append-only, hash-chained, one JSON event per line.

State anywhere in Stockplan is a fold over these events in their order. Every event carries the
hash of the one before it, so an edited, deleted, inserted or swapped line breaks the chain and
`verify` names it. What a chain alone cannot show is that its end was cut off; releases record the
head they read, and `verify(expected_heads=...)` finds that each is still there.

Families of events are a closed registry: what belongs to no family is not written.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, TypeVar

from optimization.errors import StockplanError
from orchestration.lake.parquet import sync_folder

FAMILIES: dict[str, frozenset[str]] = {
    "snapshot": frozenset({"sealed", "duplicate", "refused", "superseded", "override"}),
    "policy": frozenset({"bootstrap_approved", "auto_approved", "proposed"}),
    "release": frozenset({"published", "unchanged", "refused"}),
}
GENESIS = "0" * 64

_State = TypeVar("_State")


class LedgerError(StockplanError):
    """An event may not be written, or the ledger cannot be read; the message says why."""


@dataclass(frozen=True)
class Event:
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
        return _canonical({**_as_json(self), "hash": self.hash}) + b"\n"


@dataclass(frozen=True)
class LedgerVerdict:
    """What `verify` found; `reason` names the fault and its repair, empty when intact."""

    is_intact: bool
    n_events: int
    head: str
    first_bad_seq: int | None = None
    reason: str = ""


class Ledger:
    """The ledger in one file. Safe for many processes and threads at once."""

    def __init__(self, path: Path) -> None:
        self.path = path
        # What was read so far, so that an append reads only what others wrote since.
        self._identity: tuple[int, int] | None = None
        self._read_bytes = 0
        self._n_events = 0
        self._head = GENESIS
        self._occurrences: Counter[str] = Counter()

    def append(
        self,
        family: str,
        event_type: str,
        *,
        subject: str,
        business_date: date,
        actor: str,
        payload: Mapping[str, Any],
    ) -> Event:
        """Write one event and return it; it is on the disk when this returns.

        An unfinished last line, left by a crash before its event was acknowledged, is set aside
        in `<ledger>.torn` first. Raises `LedgerError` for an unknown family or type, a payload
        that is not plain JSON, or a ledger whose last line does not continue its chain.
        """
        if event_type not in FAMILIES.get(family, frozenset()):
            raise LedgerError(
                f"{family}/{event_type} is not a registered event; add it to FAMILIES in "
                "orchestration.lake.ledger, together with the view that folds it"
            )
        try:
            content = json.loads(_canonical(dict(payload)))
        except (TypeError, ValueError) as error:
            raise LedgerError(f"payload of {family}/{event_type} is not plain JSON: {error}") from error
        with self._locked() as descriptor:
            self._set_torn_tail_aside(descriptor)
            self._read_on(descriptor)
            fact = _fact(family, event_type, subject, business_date, content)
            event = _hashed(
                seq=self._n_events + 1,
                event_id=_event_id(fact, self._occurrences[fact] + 1),
                family=family,
                event_type=event_type,
                subject=subject,
                business_date=business_date,
                actor=actor,
                recorded_at=datetime.now(UTC).isoformat(timespec="microseconds"),
                payload=content,
                prev_hash=self._head,
            )
            _write_all(descriptor, event.to_line())
            os.fsync(descriptor)
            self._read_on(descriptor)
        return event

    def events(self, family: str | None = None, until: date | None = None) -> Iterator[Event]:
        """Yield events in order, of one family and up to a business date if given.

        Raises `LedgerError` when a line cannot be read as an event; `verify` says more.
        """
        for number, line in enumerate(_lines(self._content()), start=1):
            try:
                event = _parse(line)
            except ValueError as error:
                raise LedgerError(
                    f"{self.path}, line {number} is not an event ({error}); run "
                    "`stockplan audit verify` and restore the ledger from a copy"
                ) from error
            if family is not None and event.family != family:
                continue
            if until is not None and event.business_date > until:
                continue
            yield event

    def fold(
        self,
        reducer: Callable[[_State, Event], _State],
        initial: _State,
        family: str | None = None,
        until: date | None = None,
    ) -> _State:
        """Return the state that `reducer` makes of the events in their order."""
        state = initial
        for event in self.events(family, until):
            state = reducer(state, event)
        return state

    def head(self) -> str:
        """Hash of the last event; 64 zeros for an empty ledger."""
        head = GENESIS
        for event in self.events():
            head = event.hash
        return head

    def verify(self, expected_heads: Iterable[str] = ()) -> LedgerVerdict:
        """Recompute the whole chain and report the first fault.

        `expected_heads` are the heads that releases recorded: each must be a hash of the chain,
        or the ledger was cut, or replaced by another that is whole in itself.
        """
        content = self._content()
        head = GENESIS
        seen = {GENESIS}
        occurrences: Counter[str] = Counter()
        number = 0
        for number, line in enumerate(_lines(content), start=1):
            fault = _fault(line, number, head, occurrences)
            if fault:
                return LedgerVerdict(False, number - 1, head, number, f"line {number}: {fault}")
            head = _parse(line).hash
            seen.add(head)
        torn = len(content) - (content.rfind(b"\n") + 1)
        if torn:
            return LedgerVerdict(
                False,
                number,
                head,
                number + 1,
                f"the last line is unfinished ({torn} bytes): a crash before its event was "
                "acknowledged; `repair_torn_tail`, or the next append, sets it aside",
            )
        lost = sorted(set(expected_heads) - seen)
        if lost:
            return LedgerVerdict(
                False,
                number,
                head,
                number + 1,
                f"{len(lost)} recorded heads are not in the ledger (first: {lost[0]}): its end "
                "was cut off or it was replaced; restore the ledger from a copy",
            )
        return LedgerVerdict(True, number, head)

    def repair_torn_tail(self) -> bytes:
        """Move an unfinished last line to `<ledger>.torn` and return it; empty when there is none."""
        with self._locked() as descriptor:
            return self._set_torn_tail_aside(descriptor)

    def _content(self) -> bytes:
        """The whole file, read while nobody writes."""
        if not self.path.exists():
            return b""
        with self.path.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH)
            return file.read()

    @contextmanager
    def _locked(self) -> Iterator[int]:
        """Open the ledger for this caller alone; the lock goes with the descriptor."""
        is_new = not self.path.exists()
        self.path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(self.path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o644)
        try:
            # flock, not lockf: it belongs to the open file, so it also parts threads.
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            if is_new:
                sync_folder(self.path.parent)
            yield descriptor
        finally:
            os.close(descriptor)

    def _set_torn_tail_aside(self, descriptor: int) -> bytes:
        size = os.fstat(descriptor).st_size
        if size == 0 or os.pread(descriptor, 1, size - 1) == b"\n":
            return b""
        content = os.pread(descriptor, size, 0)
        end = content.rfind(b"\n") + 1
        torn = content[end:]
        with self.path.with_suffix(self.path.suffix + ".torn").open("ab") as aside:
            aside.write(torn + b"\n")
            aside.flush()
            os.fsync(aside.fileno())
        os.ftruncate(descriptor, end)
        os.fsync(descriptor)
        return torn

    def _read_on(self, descriptor: int) -> None:
        """Take in the events written since the last look; start over when the file is another."""
        status = os.fstat(descriptor)
        identity = (status.st_dev, status.st_ino)
        if identity != self._identity or status.st_size < self._read_bytes:
            self._identity = identity
            self._read_bytes, self._n_events, self._head = 0, 0, GENESIS
            self._occurrences = Counter()
        fresh = os.pread(descriptor, status.st_size - self._read_bytes, self._read_bytes)
        for line in _lines(fresh):
            fault = _fault(line, self._n_events + 1, self._head, self._occurrences)
            if fault:
                self._identity = None
                raise LedgerError(
                    f"{self.path}, line {self._n_events + 1}: {fault}; nothing is appended to a "
                    "broken chain: restore the ledger from a copy"
                )
            self._head = _parse(line).hash
            self._n_events += 1
        self._read_bytes = status.st_size


def _canonical(content: Mapping[str, Any]) -> bytes:
    """Sorted keys, no spaces, ASCII: one content has one line, and no value can break it."""
    return json.dumps(content, sort_keys=True, separators=(",", ":"), allow_nan=False).encode("ascii")


def _as_json(event: Event) -> dict[str, Any]:
    """The fields that the event's hash covers."""
    fields = {key: value for key, value in vars(event).items() if key != "hash"}
    return {**fields, "business_date": event.business_date.isoformat()}


def _hashed(**fields: Any) -> Event:
    unhashed = Event(hash="", **fields)
    return Event(hash=hashlib.sha256(_canonical(_as_json(unhashed))).hexdigest(), **fields)


def _fact(family: str, event_type: str, subject: str, business_date: date, payload: Mapping[str, Any]) -> str:
    content = [family, event_type, subject, business_date.isoformat(), dict(payload)]
    return hashlib.sha256(_canonical({"fact": content})).hexdigest()


def _event_id(fact: str, occurrence: int) -> str:
    return hashlib.sha256(f"{fact}:{occurrence}".encode()).hexdigest()[:32]


def _lines(content: bytes) -> list[bytes]:
    """The finished lines; an unfinished last one is left out."""
    return content.split(b"\n")[:-1]


def _parse(line: bytes) -> Event:
    fields = json.loads(line)
    try:
        event = Event(**{**fields, "business_date": date.fromisoformat(fields["business_date"])})
    except (KeyError, TypeError) as error:
        raise ValueError(f"not the fields of an event: {error}") from error
    is_text = all(isinstance(text, str) for text in (event.family, event.event_type, event.subject))
    if not is_text or not isinstance(event.payload, dict):
        raise ValueError("not the fields of an event: a name that is no text, or a payload no object")
    return event


def _fault(line: bytes, seq: int, head: str, occurrences: Counter[str]) -> str:
    """Say what is wrong with a line at this place of the chain; empty when nothing is.

    Counts the line's fact in `occurrences`.
    """
    try:
        event = _parse(line)
        is_canonical = event.to_line() == line + b"\n"
    except (ValueError, TypeError, AttributeError) as error:
        return f"is not an event ({error})"
    if not is_canonical:
        return "was written by other hands (not in canonical form)"
    if event.hash != _hashed(**{key: value for key, value in vars(event).items() if key != "hash"}).hash:
        return "was edited (its content does not match its hash)"
    if event.seq != seq or event.prev_hash != head:
        return (
            f"does not follow the line before it (it says it is event {event.seq}): a line was "
            "deleted, inserted or moved"
        )
    if event.event_type not in FAMILIES.get(event.family, frozenset()):
        return f"is of no registered family ({event.family}/{event.event_type})"
    fact = _fact(event.family, event.event_type, event.subject, event.business_date, event.payload)
    occurrences[fact] += 1
    if event.event_id != _event_id(fact, occurrences[fact]):
        return "bears an event id that is not its content's"
    return ""


def _write_all(descriptor: int, content: bytes) -> None:
    while content:
        content = content[os.write(descriptor, content) :]
