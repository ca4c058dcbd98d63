"""The one ledger: append-only, hash-chained, one JSON event per line.

State anywhere in Stockplan is a fold over these events in their order. Every event carries the
hash of the one before it, so an edited, deleted, inserted or swapped line breaks the chain and
`verify` names it. What a chain alone cannot show is that its end was cut off; releases record the
head they read, and `verify(expected_heads=...)` finds that each is still there.

Only the file and its lock are handled here; what an event is stands in `orchestration.lake.events`.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, TypeVar

from orchestration.crash_points import reach
from orchestration.lake.disk import StorageError, told_by_path
from orchestration.lake.events import (
    FAMILIES,
    GENESIS,
    Chain,
    Draft,
    Event,
    LedgerBrokenError,
    LedgerError,
    choice,
    parse,
    read_moment,
    stamp,
)
from orchestration.lake.parquet import sync_folder
from orchestration.process_limits import FILE_MODE

__all__ = [
    "FAMILIES",
    "GENESIS",
    "Draft",
    "Event",
    "Ledger",
    "LedgerBrokenError",
    "LedgerError",
    "LedgerVerdict",
]

# Read at a time from the end of the file when only its last line is asked for.
_TAIL_BYTES = 1 << 16

_State = TypeVar("_State")


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
        self._chain = Chain()

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
        """Write one event and return it; see `append_many`."""
        return self.append_many([Draft(family, event_type, subject, business_date, actor, payload)])[0]

    def append_timed(
        self,
        family: str,
        event_type: str,
        *,
        subject: str,
        business_date: date,
        actor: str,
        payload: Mapping[str, Any],
        clock: Callable[[], datetime],
    ) -> Event:
        """Write one event that bears its business time, and return it; see `append_many`."""
        draft = Draft(family, event_type, subject, business_date, actor, payload)
        return self.append_many([draft], clock)[0]

    def append_many(
        self, drafts: Sequence[Draft], clock: Callable[[], datetime] | None = None
    ) -> list[Event]:
        """Write events in their order, nobody else's between them; they are on the disk when this returns.

        With a `clock` (UTC) each gets its business time `event_at` while the ledger is locked: the
        time its payload tells, or the clock's, but never one that is not after every earlier
        `event_at` of its family. So an operation that was answered stays answered: nothing that is
        written later comes before it. Its `business_date` is then the earliest it may have.

        An unfinished last line, left by a crash before its event was acknowledged, is set aside
        in `<ledger>.torn` first. Raises `LedgerError` for a told time that is none, or a ledger whose
        last line does not continue its chain; nothing is written then.
        """
        if not drafts:
            return []
        with self._locked() as descriptor:
            self._set_torn_tail_aside(descriptor)
            self._read_on(descriptor)
            # The chain moves with each event; if one cannot be made or written, it is read again.
            identity, self._identity = self._identity, None
            events, lines = [], []
            for draft in drafts:
                recorded_at = datetime.now(UTC).isoformat(timespec="microseconds")
                event, line = self._chain.write(self._timed(draft, clock), recorded_at)
                events.append(event)
                lines.append(line)
            content = b"".join(lines)
            reach("ledger.begun")
            size = os.fstat(descriptor).st_size
            try:
                with told_by_path(self.path):
                    _write_all(descriptor, content)
                    reach("ledger.written")
                    os.fsync(descriptor)
            except StorageError:
                # Nothing of it was acknowledged, so nothing of it may stay.
                os.ftruncate(descriptor, size)
                raise
            reach("ledger.flushed")
            self._identity = identity
            self._read_bytes += len(content)
        return events

    def events(
        self,
        family: str | None = None,
        until: date | None = None,
        after_seq: int = 0,
        or_after: date | None = None,
    ) -> Iterator[Event]:
        """Yield events in order: of one family, up to a business date, after an event's number, if given.

        `or_after`: also those up to `after_seq` whose business date lies after this one. Yields what
        was written when this was called. Raises `LedgerError` when a line cannot be read as an event;
        `verify` says more.
        """
        is_candidate = choice(family, until, after_seq, or_after)
        for number, line in enumerate(self._lines(), start=1):
            if not line.endswith(b"\n") or not is_candidate(number, line):
                continue
            try:
                yield parse(line)
            except ValueError as error:
                raise LedgerBrokenError(
                    f"{self.path}, line {number} is not an event ({error}); run "
                    "`stockplan audit verify` and restore the ledger from a copy"
                ) from error

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
        """Hash of the last event; 64 zeros for an empty ledger. Raises `LedgerError` as `events` does."""
        last = self._last()
        return GENESIS if last is None else last.hash

    def seq_of(self, head: str) -> int:
        """Number of the event with this hash, 0 for the head of an empty ledger.

        Raises `LedgerError` when no event has it: the ledger was cut off or replaced.
        """
        if head == GENESIS:
            return 0
        last = self._last()
        if last is not None and last.hash == head:
            return last.seq
        mark = f'"hash":"{head}"'.encode()
        for line in self._lines():
            # The next line and a payload may tell the same hash; only the event's own counts.
            if mark in line and line.endswith(b"\n") and (event := parse(line)).hash == head:
                return event.seq
        raise LedgerBrokenError(
            f"{self.path} has no event with the hash {head}, which was its head when it was read: its end "
            "was cut off or it was replaced; restore the ledger from a copy"
        )

    def verify(self, expected_heads: Iterable[str] = ()) -> LedgerVerdict:
        """Recompute the whole chain and report the first fault.

        `expected_heads` are the heads that releases recorded: each must be a hash of the chain,
        or the ledger was cut, or replaced by another that is whole in itself.
        """
        chain = Chain()
        lost = set(expected_heads) - {GENESIS}
        for line in self._lines():
            number = chain.n_events + 1
            if not line.endswith(b"\n"):
                return LedgerVerdict(
                    False,
                    chain.n_events,
                    chain.head,
                    number,
                    f"the last line is unfinished ({len(line)} bytes): a crash before its event was "
                    "acknowledged; `repair_torn_tail`, or the next append, sets it aside",
                )
            fault = chain.read(line[:-1])
            if fault:
                return LedgerVerdict(False, chain.n_events, chain.head, number, f"line {number}: {fault}")
            lost.discard(chain.head)
        if lost:
            return LedgerVerdict(
                False,
                chain.n_events,
                chain.head,
                chain.n_events + 1,
                f"{len(lost)} recorded heads are not in the ledger (first: {min(lost)}): its end "
                "was cut off or it was replaced; restore the ledger from a copy",
            )
        return LedgerVerdict(True, chain.n_events, chain.head)

    def repair_torn_tail(self) -> bytes:
        """Move an unfinished last line to `<ledger>.torn` and return it; empty when there is none."""
        with self._locked() as descriptor:
            return self._set_torn_tail_aside(descriptor)

    def _timed(self, draft: Draft, clock: Callable[[], datetime] | None) -> Draft:
        """The draft with its business time, where events of this append bear one."""
        if clock is None:
            return draft
        told = draft.payload.get("event_at")
        try:
            moment = read_moment(told) if told is not None else clock()
        except (TypeError, ValueError) as error:
            raise LedgerError(
                f"event_at {told!r} of {draft.family}/{draft.event_type} is no time; write it as "
                "2024-01-31T10:00, in UTC or with its zone"
            ) from error
        return stamp(draft, self._chain.after_latest(draft.family, moment))

    def _lines(self) -> Iterator[bytes]:
        """The lines that were there when this was called, each with its newline; a torn one has none.

        The lock is held only to learn the size: whoever reads may append meanwhile.
        """
        if not self.path.exists():
            return
        with self.path.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH)
            left = os.fstat(file.fileno()).st_size
            fcntl.flock(file, fcntl.LOCK_UN)
            for line in file:
                if len(line) > left:
                    line = line[:left]
                if line:
                    yield line
                left -= len(line)
                if left <= 0:
                    return

    def _last(self) -> Event | None:
        """The last whole event, read from the end of the file."""
        if not self.path.exists():
            return None
        with self.path.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH)
            start = os.fstat(file.fileno()).st_size
            tail = b""
            while start > 0 and tail.count(b"\n") < 2:
                step = min(_TAIL_BYTES, start)
                start -= step
                file.seek(start)
                tail = file.read(step) + tail
        whole = tail.split(b"\n")[:-1]
        if not whole:
            return None
        try:
            return parse(whole[-1])
        except ValueError as error:
            raise LedgerBrokenError(
                f"{self.path}: its last line is not an event ({error}); run `stockplan audit verify` and "
                "restore the ledger from a copy"
            ) from error

    @contextmanager
    def _locked(self) -> Iterator[int]:
        """Open the ledger for this caller alone; the lock goes with the descriptor."""
        is_new = not self.path.exists()
        self.path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(self.path, os.O_RDWR | os.O_APPEND | os.O_CREAT, FILE_MODE)
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
        reach("ledger.torn_found")
        with self.path.with_suffix(self.path.suffix + ".torn").open("ab") as aside:
            aside.write(torn + b"\n")
            aside.flush()
            reach("ledger.torn_kept")
            os.fsync(aside.fileno())
        reach("ledger.torn_flushed")
        os.ftruncate(descriptor, end)
        reach("ledger.torn_cut")
        os.fsync(descriptor)
        reach("ledger.mended")
        return torn

    def _read_on(self, descriptor: int) -> None:
        """Take in the events written since the last look; start over when the file is another."""
        status = os.fstat(descriptor)
        identity = (status.st_dev, status.st_ino)
        if identity != self._identity or status.st_size < self._read_bytes:
            self._read_bytes, self._chain = 0, Chain()
        self._identity = None
        with os.fdopen(os.dup(descriptor), "rb") as file:
            file.seek(self._read_bytes)
            for line in file:
                fault = self._chain.read(line[:-1])
                if fault:
                    raise LedgerBrokenError(
                        f"{self.path}, line {self._chain.n_events + 1}: {fault}; nothing is appended to a "
                        "broken chain: restore the ledger from a copy"
                    )
        self._identity = identity
        self._read_bytes = status.st_size


def _write_all(descriptor: int, content: bytes) -> None:
    while content:
        content = content[os.write(descriptor, content) :]
