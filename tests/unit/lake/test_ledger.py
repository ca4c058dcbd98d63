"""The ledger: one chain, whoever writes; every tampering found; crashes repaired."""

from __future__ import annotations

import hashlib
import json
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orchestration.lake.ledger import GENESIS, Draft, Event, Ledger, LedgerError
from tests.processes import processes

DAY = date(2024, 1, 31)
NOON = datetime(2024, 1, 31, 12, tzinfo=UTC)


def _append(ledger: Ledger, number: int, day: date = DAY) -> Event:
    return ledger.append(
        "policy",
        "proposed",
        subject=f"item-{number}",
        business_date=day,
        actor="test",
        payload={"units": number, "note": "Zürich 😀\n"},
    )


def _ledger(path: Path, events: int) -> Ledger:
    ledger = Ledger(path / "ledger.jsonl")
    for number in range(events):
        _append(ledger, number)
    return ledger


def test_an_empty_ledger_is_intact(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "ledger.jsonl")
    assert list(ledger.events()) == []
    assert ledger.head() == GENESIS
    assert ledger.verify().is_intact


def test_events_come_back_as_written(tmp_path: Path) -> None:
    ledger = _ledger(tmp_path, 3)
    written = _append(ledger, 3)
    events = list(Ledger(ledger.path).events())
    assert [event.seq for event in events] == [1, 2, 3, 4]
    assert events[-1] == written
    assert ledger.head() == written.hash
    verdict = ledger.verify(expected_heads=[events[1].hash, GENESIS])
    assert verdict.is_intact
    assert (verdict.n_events, verdict.head) == (4, written.hash)


def test_the_event_id_is_its_contents_and_counts_repetitions(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    one, two = _ledger(tmp_path / "a", 2), _ledger(tmp_path / "b", 1)
    again = _append(one, 0)
    other = _append(two, 0)
    first = next(one.events())
    assert first.event_id != again.event_id == other.event_id


def test_the_same_on_another_day_is_no_repetition(tmp_path: Path) -> None:
    both, alone = (Ledger(tmp_path / f"{number}.jsonl") for number in range(2))
    _append(both, 1)
    assert _append(both, 1, date(2024, 2, 1)).event_id == _append(alone, 1, date(2024, 2, 1)).event_id


def test_families_and_dates_select_and_fold(tmp_path: Path) -> None:
    ledger = _ledger(tmp_path, 2)
    ledger.append("release", "published", subject="r1", business_date=date(2024, 2, 1), actor="t", payload={})
    assert [event.subject for event in ledger.events("release")] == ["r1"]
    assert [event.seq for event in ledger.events(until=DAY)] == [1, 2]
    total = ledger.fold(lambda units, event: units + event.payload["units"], 0, family="policy")
    assert total == 1


@pytest.mark.parametrize(("family", "event_type"), [("policy", "guessed"), ("gossip", "heard"), ("", "")])
def test_an_unregistered_event_is_not_written(tmp_path: Path, family: str, event_type: str) -> None:
    ledger = Ledger(tmp_path / "ledger.jsonl")
    with pytest.raises(LedgerError, match="not a registered event; add it to FAMILIES"):
        ledger.append(family, event_type, subject="x", business_date=DAY, actor="t", payload={})
    assert not ledger.path.exists()


@pytest.mark.parametrize("payload", [{"x": float("nan")}, {"x": DAY}, {"x": {1, 2}}])
def test_a_payload_that_is_not_plain_json_is_refused(tmp_path: Path, payload: dict[str, object]) -> None:
    with pytest.raises(LedgerError, match="not plain JSON"):
        Ledger(tmp_path / "l").append(
            "policy", "proposed", subject="x", business_date=DAY, actor="t", payload=payload
        )


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"actor": None}, "must be texts"),
        ({"subject": 7}, "must be texts"),
        ({"business_date": datetime(2024, 1, 31)}, "must be a date"),
    ],
)
def test_what_could_not_be_read_back_is_not_written(tmp_path: Path, wrong, message: str) -> None:
    told = {"subject": "x", "business_date": DAY, "actor": "t", "payload": {}}
    with pytest.raises(LedgerError, match=message):
        Ledger(tmp_path / "l").append("policy", "proposed", **{**told, **wrong})


def test_many_are_written_together_or_not_at_all(tmp_path: Path) -> None:
    ledger = _ledger(tmp_path, 1)
    before = ledger.path.read_bytes()
    good = Draft("allocation", "consume", "x", DAY, "t", {"units": 1})
    bad = Draft("allocation", "consume", "x", DAY, "t", {"event_at": "noon"})
    with pytest.raises(LedgerError, match="'noon' of allocation/consume is no time"):
        ledger.append_many([good, bad], clock=lambda: NOON)
    assert ledger.path.read_bytes() == before
    assert ledger.append_many([]) == []
    assert [event.seq for event in ledger.append_many([good, good, good], clock=lambda: NOON)] == [2, 3, 4]
    assert len({event.event_id for event in ledger.events("allocation")}) == 3
    assert ledger.verify().is_intact


def test_every_operation_is_later_than_all_before_it(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "ledger.jsonl")

    def told(at: str | None) -> Event:
        payload = {"units": 1} if at is None else {"units": 1, "event_at": at}
        return ledger.append_timed(
            "allocation",
            "consume",
            subject="x",
            business_date=DAY,
            actor="t",
            payload=payload,
            clock=lambda: NOON,
        )

    assert told(None).payload["event_at"] == "2024-01-31T12:00:00.000000+00:00"
    assert told(None).payload["event_at"] == "2024-01-31T12:00:00.000001+00:00"
    assert told("2024-01-30T09:00").payload["event_at"] == "2024-01-31T12:00:00.000002+00:00"
    later = told("2024-02-02T01:00:00+03:00")
    assert later.payload["event_at"] == "2024-02-01T22:00:00.000000+00:00"
    # The business date is no earlier than the time, and no earlier than was asked for.
    assert (told(None).business_date, later.business_date) == (date(2024, 2, 1), date(2024, 2, 1))
    # Another family has a time of its own, and a new reader of the file knows the latest.
    plan = Draft("allocation_plan", "proposed", "P", DAY, "t")
    assert (
        Ledger(ledger.path).append_many([plan], lambda: NOON)[0].payload["event_at"].startswith("2024-01-31")
    )
    assert told(None).payload["event_at"] == "2024-02-01T22:00:00.000002+00:00"


def test_events_are_chosen_by_number_and_later_business_date(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "ledger.jsonl")
    for number, day in enumerate([DAY, date(2024, 2, 2), DAY, date(2024, 2, 1)]):
        _append(ledger, number, day)
    assert [event.seq for event in ledger.events(after_seq=2)] == [3, 4]
    assert [event.seq for event in ledger.events(after_seq=3, or_after=DAY)] == [2, 4]
    assert [event.seq for event in ledger.events(until=date(2024, 2, 1), after_seq=3, or_after=DAY)] == [4]
    assert list(ledger.events("release", after_seq=1)) == []


def test_the_number_of_a_head(tmp_path: Path) -> None:
    ledger = _ledger(tmp_path, 3)
    ledger.append(
        "policy", "proposed", subject="x", business_date=DAY, actor="t", payload={"hash": ledger.head()}
    )
    heads = [event.hash for event in ledger.events()]
    assert [ledger.seq_of(head) for head in [GENESIS, *heads]] == [0, 1, 2, 3, 4]
    with pytest.raises(LedgerError, match="cut off or it was replaced"):
        ledger.seq_of("f" * 64)
    assert Ledger(tmp_path / "none").seq_of(GENESIS) == 0


def test_reading_does_not_keep_writers_out(tmp_path: Path) -> None:
    ledger = _ledger(tmp_path, 3)
    for event in ledger.events():
        _append(ledger, 10 + event.seq)
    assert len(list(ledger.events())) == 6


@pytest.fixture(scope="module")
def lines(tmp_path_factory: pytest.TempPathFactory) -> list[bytes]:
    ledger = _ledger(tmp_path_factory.mktemp("whole"), 8)
    return ledger.path.read_bytes().splitlines(keepends=True)


@settings(max_examples=80, deadline=None)
@given(st.data())
def test_every_tampering_is_found(tmp_path_factory, lines, data) -> None:
    tampered = list(lines)
    at = data.draw(st.integers(0, len(lines) - 2), label="line")
    how = data.draw(st.sampled_from(["edit", "delete", "swap", "insert", "byte", "rehash"]))
    if how == "edit":
        event = json.loads(tampered[at])
        event["payload"]["units"] += 1
        tampered[at] = json.dumps(event, sort_keys=True, separators=(",", ":")).encode() + b"\n"
    elif how == "delete":
        del tampered[at]
    elif how == "swap":
        tampered[at], tampered[at + 1] = tampered[at + 1], tampered[at]
    elif how == "insert":
        tampered.insert(at, data.draw(st.sampled_from(lines)))
    elif how == "byte":
        position = data.draw(st.integers(0, len(tampered[at]) - 2))
        line = bytearray(tampered[at])
        line[position] = (line[position] + data.draw(st.integers(1, 255))) % 256
        tampered[at] = bytes(line)
    else:
        # A forger who recomputes the line's own hash still breaks the next line's chain.
        event = json.loads(tampered[at])
        event["subject"] = "forged"
        del event["hash"]
        unhashed = json.dumps(event, sort_keys=True, separators=(",", ":")).encode()
        event["hash"] = hashlib.sha256(unhashed).hexdigest()
        tampered[at] = json.dumps(event, sort_keys=True, separators=(",", ":")).encode() + b"\n"
    path = tmp_path_factory.mktemp("tampered") / "ledger.jsonl"
    path.write_bytes(b"".join(tampered))
    ledger = Ledger(path)
    verdict = ledger.verify()
    assert not verdict.is_intact
    assert verdict.first_bad_seq is not None
    assert verdict.first_bad_seq <= at + 2
    with pytest.raises(LedgerError, match="restore the ledger from a copy"):
        _append(ledger, 99)


def test_a_cut_end_is_found_by_the_heads_that_releases_recorded(tmp_path: Path, lines: list[bytes]) -> None:
    head = json.loads(lines[-1])["hash"]
    path = tmp_path / "ledger.jsonl"
    path.write_bytes(b"".join(lines[:-2]))
    assert Ledger(path).verify().is_intact
    verdict = Ledger(path).verify(expected_heads=[head])
    assert not verdict.is_intact
    assert verdict.first_bad_seq == len(lines) - 1
    assert "cut off" in verdict.reason


@pytest.mark.parametrize("bytes_left", [1, 40, -1])
def test_a_torn_tail_is_reported_and_set_aside(tmp_path: Path, lines: list[bytes], bytes_left: int) -> None:
    path = tmp_path / "ledger.jsonl"
    torn = lines[3][:bytes_left]
    path.write_bytes(b"".join(lines[:3]) + torn)
    ledger = Ledger(path)
    verdict = ledger.verify()
    assert not verdict.is_intact
    assert "unfinished" in verdict.reason
    assert "repair_torn_tail" in verdict.reason
    assert len(list(ledger.events())) == 3
    event = _append(ledger, 50)
    assert event.seq == 4
    assert ledger.verify().is_intact
    assert path.with_suffix(".jsonl.torn").read_bytes() == torn + b"\n"


def test_a_torn_tail_can_be_repaired_by_hand(tmp_path: Path, lines: list[bytes]) -> None:
    path = tmp_path / "ledger.jsonl"
    path.write_bytes(lines[0] + b'{"half')
    assert Ledger(path).repair_torn_tail() == b'{"half'
    assert Ledger(path).repair_torn_tail() == b""
    assert path.read_bytes() == lines[0]


def test_a_line_that_is_no_event_is_named(tmp_path: Path, lines: list[bytes]) -> None:
    path = tmp_path / "ledger.jsonl"
    path.write_bytes(lines[0] + b"not json\n")
    with pytest.raises(LedgerError, match="line 2 is not an event"):
        list(Ledger(path).events())
    assert Ledger(path).verify().first_bad_seq == 2


def test_a_writer_notices_what_others_wrote_and_a_replaced_file(tmp_path: Path) -> None:
    mine = _ledger(tmp_path, 1)
    _append(Ledger(mine.path), 1)
    assert _append(mine, 2).seq == 3
    mine.path.unlink()
    assert _append(mine, 3).seq == 1
    assert mine.verify().is_intact


def _write_some(path: str, writer: int) -> None:
    ledger = Ledger(Path(path))
    for number in range(10):
        _append(ledger, writer * 100 + number)


@pytest.mark.parametrize("pool", [processes, ThreadPoolExecutor])
def test_eight_writers_make_one_chain(tmp_path: Path, pool) -> None:
    path = tmp_path / "ledger.jsonl"
    with pool(8) as workers:
        list(workers.map(_write_some, [str(path)] * 8, range(8)))
    verdict = Ledger(path).verify()
    assert verdict.is_intact, verdict.reason
    assert verdict.n_events == 80
    assert len({event.subject for event in Ledger(path).events()}) == 80
