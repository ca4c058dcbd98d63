"""Whatever is done to the ledger or to the tables that hold its lines, `audit verify` finds it."""

from __future__ import annotations

import hashlib
import json
import random
import shutil
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from optimization.contracts.allocation_columns import OPERATIONS
from orchestration.evidence.witnesses import LEDGER_TABLES, check_witnesses, witnessed_heads
from orchestration.lake.ledger import FAMILIES, Draft, Ledger
from orchestration.lake.parquet import read_arrow, write_arrow
from orchestration.lake.paths import Lake
from orchestration.publish.candidate import build_candidate
from orchestration.publish.release import publish
from orchestration.publish.shelf import Release, releases
from orchestration.settings import Settings

DAY = date(2024, 1, 31)
NOON = datetime(2024, 1, 31, 12, tzinfo=UTC)
LEDGER_TAMPERS = 250
TABLE_TAMPERS = 60


def _table(name: str, rows: int) -> pa.Table:
    """A published table in small: what a line is, who wrote it, when, and its quantity."""
    return pa.table(
        {
            "entry_id": [f"{name}-{number}" for number in range(rows)],
            "item_id": ["I1", "I2"] * (rows // 2),
            "event_at": pa.array([NOON.replace(tzinfo=None)] * rows, pa.timestamp("us")),
            "units": [float(number) for number in range(rows)],
            "expires_at": pa.array([None] * rows, pa.timestamp("us")),
        }
    )


def _publish(lake: Lake, ledger: Ledger, as_of: date, rows: int) -> None:
    made = {name: _table(name, rows) for name in (*LEDGER_TABLES, "kpi")}
    candidate = build_candidate(lake, as_of, {}, made)
    facts = {"ledger_head": ledger.head(), "ledger_read": {"seq": 0, "head": ledger.head()}}
    settings = Settings(home=lake.root)
    publish(candidate, facts, None, lake, ledger, settings, actor="test")


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    """A lake with two releases and a ledger that has events of every kind."""
    lake = Lake(tmp_path_factory.mktemp("whole"))
    ledger = Ledger(lake.ledger_file)
    payload = {"item_id": "I1", "location_id": "L1", "segment_id": "A", "note": "Zürich 😀"}
    operations = [
        Draft("allocation", name, "I1/L1", DAY, "ann", {**payload, "units": number + 1.5, "action_id": name})
        for number, name in enumerate(OPERATIONS)
    ]
    others = [
        Draft(family, kind, f"{family}-{kind}", DAY, "bob", {"units": 1, "told": {"deep": [1, None, "x"]}})
        for family in sorted(set(FAMILIES) - {"allocation", "release"})
        for kind in sorted(FAMILIES[family])
    ]
    ledger.append_many(operations, clock=lambda: NOON)
    _publish(lake, ledger, DAY, 4)
    ledger.append_many(others)
    _publish(lake, ledger, DAY + timedelta(days=1), 6)
    ledger.append_many([operations[3]] * 2, clock=lambda: NOON)
    return lake


def _is_found(lake: Lake, ledger_file: Path) -> str:
    """What `audit verify` would say, empty when all seems whole."""
    ledger = Ledger(ledger_file)
    verdict = ledger.verify(expected_heads=witnessed_heads(lake))
    return verdict.reason or "; ".join(check_witnesses(lake, ledger).faults)


def _canonical(fields: dict[str, Any]) -> bytes:
    return json.dumps(fields, sort_keys=True, separators=(",", ":")).encode() + b"\n"


def _edit_value(lines: list[bytes], at: int, draw: random.Random) -> None:
    """Change one value anywhere in the line, at the top or in the payload, and write it well."""
    fields = json.loads(lines[at])
    target = fields["payload"] if fields["payload"] and draw.random() < 0.5 else fields
    key = draw.choice(sorted(target))
    value = target[key]
    target[key] = value + 1 if isinstance(value, int | float) else f"{value}x"
    lines[at] = _canonical(fields)


def _edit_byte(lines: list[bytes], at: int, draw: random.Random) -> None:
    line = bytearray(lines[at])
    position = draw.randrange(len(line) - 1)
    line[position] = (line[position] + draw.randrange(1, 255)) % 256
    lines[at] = bytes(line)


def _forge(lines: list[bytes], at: int, draw: random.Random) -> None:
    """Edit a line and make its own hash anew, as somebody who knows how would."""
    fields = json.loads(lines[at])
    fields["actor"] = f"mallory {draw.random()}"
    del fields["hash"]
    fields["hash"] = hashlib.sha256(_canonical(fields)[:-1]).hexdigest()
    lines[at] = _canonical(fields)


def _insert_forged(lines: list[bytes], at: int, draw: random.Random) -> None:
    """Put in a line that follows the one before it in every respect."""
    fields = json.loads(lines[at])
    fields["prev_hash"], fields["seq"] = fields["hash"], fields["seq"] + 1
    del fields["hash"]
    fields["hash"] = hashlib.sha256(_canonical(fields)[:-1]).hexdigest()
    lines.insert(at + 1, _canonical(fields))


def _delete(lines: list[bytes], at: int, draw: random.Random) -> None:
    del lines[at]


def _swap(lines: list[bytes], at: int, draw: random.Random) -> None:
    other = (at + draw.randrange(1, len(lines))) % len(lines)
    lines[at], lines[other] = lines[other], lines[at]


def _copy_in(lines: list[bytes], at: int, draw: random.Random) -> None:
    lines.insert(at, draw.choice(lines))


def _cut_end(lines: list[bytes], at: int, draw: random.Random) -> None:
    del lines[at:]


def _tear(lines: list[bytes], at: int, draw: random.Random) -> None:
    lines[-1] = lines[-1][: draw.randrange(1, len(lines[-1]))]


LEDGER_FAULTS: tuple[Callable[[list[bytes], int, random.Random], None], ...] = (
    _edit_value,
    _edit_byte,
    _forge,
    _insert_forged,
    _delete,
    _swap,
    _copy_in,
    _cut_end,
    _tear,
)


def test_a_whole_lake_is_found_whole(whole: Lake) -> None:
    assert _is_found(whole, whole.ledger_file) == ""
    report = check_witnesses(whole, Ledger(whole.ledger_file))
    # The overlay that the ledger tells of was never laid on the shelf.
    count = len(LEDGER_TABLES)
    assert (report.n_releases, report.n_tables, report.gone) == (2, 2 * count, ("overlay-published",))
    assert check_witnesses(whole, Ledger(whole.ledger_file), tables=None).n_tables == 2 * (count + 1)
    families = {event.family for event in Ledger(whole.ledger_file).events()}
    assert families == set(FAMILIES)


def test_every_tampered_ledger_row_is_found(whole: Lake, tmp_path: Path) -> None:
    lines = whole.ledger_file.read_bytes().splitlines(keepends=True)
    # What follows the last head that a release recorded has no witness beyond the chain: there a cut
    # end, and a last line made anew, are what an honest shorter ledger would be.
    witnessed = max(Ledger(whole.ledger_file).seq_of(head) for head in witnessed_heads(whole))
    draw = random.Random(5)
    missed = []
    for number in range(LEDGER_TAMPERS):
        fault = LEDGER_FAULTS[number % len(LEDGER_FAULTS)]
        last = witnessed if fault is _cut_end else len(lines) - 1
        tampered = list(lines)
        at = draw.randrange(last)
        fault(tampered, at, draw)
        file = tmp_path / "tampered.jsonl"
        file.write_bytes(b"".join(tampered))
        if not _found_quickly(file, whole):
            missed.append((fault.__name__, at))
    assert missed == []


def _found_quickly(ledger_file: Path, lake: Lake) -> bool:
    """The chain alone has to find a tampered chain; the tables need not be hashed for it."""
    return not Ledger(ledger_file).verify(expected_heads=witnessed_heads(lake)).is_intact


def _change_value(table: pa.Table, draw: random.Random) -> pa.Table:
    position = draw.randrange(table.num_rows)
    name = draw.choice(table.column_names)
    values = table.column(name).to_pylist()
    new: dict[type, Any] = {
        str: "forged",
        float: -1.5,
        date: date(1999, 1, 1),
        datetime: datetime(1999, 1, 1),
        type(None): datetime(1999, 1, 1),
    }
    values[position] = new[type(values[position])]
    index = table.column_names.index(name)
    return table.set_column(
        index, table.schema.field(index), pa.array(values, table.schema.field(index).type)
    )


def _drop_row(table: pa.Table, draw: random.Random) -> pa.Table:
    gone = draw.randrange(table.num_rows)
    return table.filter(pa.array([number != gone for number in range(table.num_rows)]))


def _repeat_row(table: pa.Table, draw: random.Random) -> pa.Table:
    return pa.concat_tables([table, table.slice(draw.randrange(table.num_rows), 1)])


def _swap_values(table: pa.Table, draw: random.Random) -> pa.Table:
    one, other = draw.sample(range(table.num_rows), 2)
    values = table.column("units").to_pylist()
    values[one], values[other] = values[other], values[one]
    index = table.column_names.index("units")
    return table.set_column(index, table.schema.field(index), pa.array(values))


TABLE_FAULTS = (_change_value, _drop_row, _repeat_row, _swap_values)


def test_every_tampered_row_of_a_published_ledger_table_is_found(whole: Lake) -> None:
    draw = random.Random(7)
    shelf = releases(whole)
    missed = []
    for number in range(TABLE_TAMPERS):
        release = draw.choice(shelf)
        file = release.tables[draw.choice(LEDGER_TABLES)]
        fault = TABLE_FAULTS[number % len(TABLE_FAULTS)]
        before = file.read_bytes()
        tampered = fault(read_arrow(file), draw)
        file.unlink()
        write_arrow(tampered, file)
        told = _is_found(whole, whole.ledger_file)
        _restore(file, before)
        if file.stem not in told or release.release_id not in told:
            missed.append((fault.__name__, release.release_id, file.stem))
    assert missed == []
    assert _is_found(whole, whole.ledger_file) == ""


def _restore(file: Path, content: bytes) -> None:
    file.unlink(missing_ok=True)
    file.write_bytes(content)


def _with_manifest(release: Release, change: Callable[[dict[str, Any]], None]) -> None:
    file = release.folder / "manifest.json"
    content = json.loads(file.read_text())
    change(content)
    file.chmod(0o644)
    file.write_text(json.dumps(content))


def test_a_forged_manifest_does_not_cover_a_forged_table(whole: Lake, tmp_path: Path) -> None:
    from orchestration.lake.hashing import logical_hash
    from orchestration.publish.candidate import content_hash

    lake = Lake(tmp_path / "lake")
    shutil.copytree(whole.root, lake.root, symlinks=True)
    release = releases(lake)[0]
    file = release.tables["borrow_ledger"]
    forged = _drop_row(read_arrow(file), random.Random(1))
    file.unlink()
    write_arrow(forged, file)

    def forge(manifest: dict[str, Any]) -> None:
        manifest["tables"]["borrow_ledger"]["logical_hash"] = logical_hash(forged, ["release_id"])
        hashes = {name: table["logical_hash"] for name, table in manifest["tables"].items()}
        manifest["content_hash"] = content_hash(hashes)

    _with_manifest(release, forge)
    told = _is_found(lake, lake.ledger_file)
    assert f"manifest of release {release.release_id} is not the one that was published" in told
    assert "table borrow_ledger" in told


def test_a_table_that_is_gone_or_no_table_is_found(whole: Lake, tmp_path: Path) -> None:
    lake = Lake(tmp_path / "lake")
    shutil.copytree(whole.root, lake.root, symlinks=True)
    file = releases(lake)[1].tables["supply_audit"]
    _restore(file, b"no parquet")
    assert "supply_audit" in _is_found(lake, lake.ledger_file)
    file.unlink()
    assert "cannot be read" in _is_found(lake, lake.ledger_file)


def test_a_release_that_nobody_published_is_found_and_one_that_is_gone_is_told(
    whole: Lake, tmp_path: Path
) -> None:
    lake = Lake(tmp_path / "lake")
    shutil.copytree(whole.root, lake.root, symlinks=True)
    release = releases(lake)[0]
    forged = release.release_id.replace("-1-", "-9-")
    release.folder.rename(lake.releases_dir / forged)
    _with_manifest(
        Release(forged, release.as_of, lake.releases_dir / forged, "", {}),
        lambda manifest: manifest.update(release_id=forged),
    )
    report = check_witnesses(lake, Ledger(lake.ledger_file))
    assert len(report.faults) == 1
    assert f"release {forged} lies on the shelf, but no event tells of it" in report.faults[0]
    assert report.gone == (release.release_id, "overlay-published")
