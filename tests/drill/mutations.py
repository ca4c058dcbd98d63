"""Mutated snapshots: each is what an oracle says it is, or quarantined at the right row, column and rule.

A snapshot is the valid ground with a few planted changes, some wrong and some only odd. The fast
path examines the tables that a change can bear on; one in so many is sealed in earnest as well. The oracle
knows what was planted and the contract's references, and nothing of the rules' code.
"""

from __future__ import annotations

import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from orchestration.contracts.raw import RAW_BY_NAME, RAW_TABLES, RawTable
from orchestration.ims.connector import Snapshot
from orchestration.ims.quarantine import ExaminedTable, examine
from orchestration.ims.row_rules import Limits
from orchestration.lake.ledger import Ledger
from orchestration.lake.parquet import read_arrow
from orchestration.lake.paths import Lake
from orchestration.lake.sealing import seal
from orchestration.settings import Settings
from tests.drill.mutation_ground import DAYS, MAX_TEXT, Ground, ground, referring
from tests.drill.mutation_kinds import Change, changes
from tests.drill.report import Report, scaled
from tests.factories import SOURCE

SNAPSHOTS = 20_000
SETTINGS = Settings()
# Tables that many others refer to cost many examinations; they are taken as often as all others are.
_MOST_CHANGES = 5
_SEALED_IN_EARNEST = 400


@dataclass(frozen=True)
class Planted:
    """A row that has to be set aside: where, and by which rule (or how it begins)."""

    table: str
    row: int
    column: str
    rule: str
    also: tuple[str, ...] = ()


@dataclass
class Mutated:
    """One mutated snapshot: what is delivered, and what has to come of it."""

    ground: Ground
    table: str
    delivered: pa.Table
    planted: list[Planted]
    expected: dict[str, pa.Table]
    changes: list[str] = field(default_factory=list)


def mutated(seed: int, number: int) -> Mutated:
    """Return one mutated snapshot; the same for the same seed and number."""
    random = np.random.default_rng([seed, number])
    base = ground(DAYS[int(random.integers(len(DAYS)))])
    contract = RAW_TABLES[int(random.integers(len(RAW_TABLES)))]
    return _Maker(base, contract, random).mutated()


class _Maker:
    """Plants changes in one table and keeps the books on them."""

    def __init__(self, base: Ground, contract: RawTable, random: np.random.Generator) -> None:
        self._base, self._contract, self._random = base, contract, random
        self._name = contract.source_name
        self._held = base.tables[self._name]
        self._rows = [dict(row) for row in self._held.to_pylist()]
        self._sealed = [dict(row) for row in self._rows]
        self._gone: set[int] = set()
        self._hidden: set[int] = set()
        self._planted: list[Planted] = []
        self._told: list[str] = []

    def mutated(self) -> Mutated:
        count = int(self._random.integers(1, _MOST_CHANGES + 1))
        first = self._random.permutation(len(self._rows))[:count]
        for row in map(int, first):
            if self._random.random() < 0.12:
                self._repeat(row)
            else:
                self._change(row)
        schema = pa.schema([one.with_nullable(True) for one in self._held.schema])
        kept = [row for number, row in enumerate(self._sealed) if number not in self._gone]
        expected = {self._name: pa.Table.from_pylist(kept, schema=schema)}
        self._consequences(expected)
        delivered = self._form(_as_delivered(self._rows, schema))
        return Mutated(self._base, self._name, delivered, self._planted, expected, self._told)

    def _change(self, row: int) -> None:
        columns = self._contract.columns
        column = columns[int(self._random.integers(len(columns)))]
        offered = list(changes(self._contract, column, self._rows[row], self._base.as_of))
        if not offered:
            return
        # Kinds are many and rules few: half of the changes break one.
        wrong = [one for one in offered if one.rule]
        odd = [one for one in offered if not one.rule]
        some = wrong if wrong and (self._random.random() < 0.7 or not odd) else odd
        self._plant(row, some[int(self._random.integers(len(some)))])

    def _plant(self, row: int, change: Change) -> None:
        self._rows[row][change.column] = change.value
        self._told.append(f"row {row + 1} {change.column} := {change.value!r:.40} {change.rule}")
        if change.rule:
            self._planted.append(Planted(self._name, row, change.column, change.rule, change.also))
            self._gone.add(row)
            self._hidden |= {row} if self._is_referred_to(change.column) else set()
        else:
            self._sealed[row][change.column] = change.sealed

    def _is_referred_to(self, column: str) -> bool:
        return any((column == to) for pairs in referring(self._name).values() for _, to in pairs)

    def _repeat(self, row: int) -> None:
        """Deliver a row again: word for word, in another version, or contradicting itself."""
        copy, new = dict(self._rows[row]), len(self._rows)
        label = ", ".join(self._contract.key)
        kind = str(self._random.choice(["word for word", "older", "newer", "contradicting"]))
        known: datetime = copy["loaded_at"]
        optional = [
            one.name
            for one in self._contract.columns
            if self._contract.is_nullable(one.name) and copy[one.name] is not None
        ]
        optional = [one for one in optional if one not in self._contract.hierarchy + self._contract.key]
        if kind == "contradicting" and not optional:
            kind = "older"
        if kind == "word for word":
            self._set_aside(new, label, "duplicate_row")
        elif kind == "older":
            copy["loaded_at"] = known - timedelta(hours=1)
            self._replaced(new, label)
        elif kind == "newer":
            copy["loaded_at"] = datetime(known.year, known.month, known.day, 23, 59, 58)
            self._replaced(row, label)
        else:
            copy[optional[int(self._random.integers(len(optional)))]] = None
            self._set_aside(row, label, "conflicting_duplicate")
            self._set_aside(new, label, "conflicting_duplicate")
        self._told.append(f"row {row + 1} again, {kind}")
        self._rows.append(copy)
        self._sealed.append(dict(copy))

    def _replaced(self, row: int, label: str) -> None:
        """An older version: of an event it is replaced, in a table of states it is a fault."""
        if self._contract.role == "event":
            self._gone.add(row)
        else:
            self._set_aside(row, label, "duplicate_key")

    def _set_aside(self, row: int, column: str, rule: str) -> None:
        self._planted.append(Planted(self._name, row, column, rule))
        self._gone.add(row)

    def _consequences(self, expected: dict[str, pa.Table]) -> None:
        """Rows of other tables that name a row which was set aside."""
        for name, pairs in referring(self._name).items():
            lost: set[int] = set()
            for column, target in pairs:
                held = {row[target] for number, row in enumerate(self._sealed) if number not in self._gone}
                hidden = {self._base.values(self._name, target)[row] for row in self._hidden}
                for number, value in enumerate(self._base.values(name, column)):
                    is_set = column in RAW_BY_NAME[name].sets
                    members = value.split("|") if value and is_set else [value] if value else []
                    missing = [one for one in members if one not in held]
                    # A row that names several of them is told of the first.
                    if missing and number not in lost:
                        lost.add(number)
                        nowhere = any(one in hidden for one in missing)
                        rule = "unknown_reference" if nowhere else "quarantined_reference"
                        self._planted.append(Planted(name, number, column, rule))
            own = self._base.tables[name]
            kept = [number for number in range(own.num_rows) if number not in lost]
            expected[name] = own.take(pa.array(kept, pa.int64()))

    def _form(self, table: pa.Table) -> pa.Table:
        """Deliver the columns in another order, with one too many, or with repeated values encoded."""
        form = self._random.random()
        if form < 0.2:
            return table.select(
                [table.column_names[place] for place in self._random.permutation(table.num_columns)]
            )
        if form < 0.3:
            return table.append_column("gossip", pa.array(["x"] * table.num_rows))
        if form < 0.4:
            columns = [
                one.dictionary_encode() if pa.types.is_string(one.type) else one for one in table.columns
            ]
            return pa.table(columns, names=table.column_names)
        return table


def _as_delivered(rows: list[dict[str, Any]], schema: pa.Schema) -> pa.Table:
    """Rows as a table: a column whose values do not all have its type is delivered as text, or as bytes."""
    columns = []
    for one in schema:
        values = [row[one.name] for row in rows]
        try:
            columns.append(pa.array(values, one.type))
        except (pa.ArrowInvalid, pa.ArrowTypeError):
            if any(isinstance(value, bytes) for value in values):
                raw = [value.encode() if isinstance(value, str) else value for value in values]
                columns.append(pa.array(raw, pa.binary()))
            else:
                columns.append(pa.array([_as_text(value) for value in values]))
    return pa.table(columns, names=schema.names)


def _as_text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    return value.isoformat() if hasattr(value, "isoformat") else repr(value)


@dataclass
class Tally:
    """What was found in all snapshots so far."""

    snapshots: int = 0
    planted: int = 0
    consequences: int = 0
    found: int = 0
    clean_rows: int = 0
    wrongly_set_aside: int = 0
    equal: int = 0
    rules: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)

    def judge(self, one: Mutated, examined: dict[str, ExaminedTable]) -> None:
        """Hold one examined snapshot against what was planted."""
        self.snapshots += 1
        told: dict[tuple[str, int], list[tuple[str, str]]] = {}
        for name, table in examined.items():
            for violation in table.violations:
                for row in violation.rows:
                    told.setdefault((name, int(row)), []).append((violation.column, violation.rule))
        faults = []
        for each in one.planted:
            lines = told.get((each.table, each.row), [])
            is_own = each.table == one.table
            self.planted, self.consequences = self.planted + is_own, self.consequences + (not is_own)
            if any(column == each.column and rule.startswith(each.rule) for column, rule in lines):
                self.found += is_own
                self.rules[each.rule.split("(")[0] if " <= " not in each.rule else "order of dates"] += 1
            else:
                faults.append(f"{each} was told as {lines}")
        known: dict[tuple[str, int], set[str]] = {}
        for each in one.planted:
            known.setdefault((each.table, each.row), set()).update({each.column, *each.also})
        for place, lines in told.items():
            if place not in known:
                self.wrongly_set_aside += 1
                faults.append(f"{place} is clean and was set aside: {lines}")
            elif astray := [line for line in lines if line[0] not in known[place]]:
                faults.append(f"{place} was told of {astray} as well")
        is_equal = True
        for name, table in examined.items():
            self.clean_rows += one.expected[name].num_rows
            if not table.accepted.equals(one.expected[name].cast(table.accepted.schema)):
                is_equal = False
                faults.append(f"{name} is not what the oracle says")
        self.equal += is_equal and not faults
        self.faults += [f"{one.table} ({'; '.join(one.changes)}): {fault}" for fault in faults]


def examined_in_part(one: Mutated) -> dict[str, ExaminedTable]:
    """Examine the mutated table and those that refer to it; the others are what they are on the ground."""
    limits = Limits(one.ground.as_of, SOURCE, MAX_TEXT)
    others = dict(one.ground.examined)
    found: dict[str, ExaminedTable] = {}
    for name in (one.table, *referring(one.table)):
        delivered = one.delivered if name == one.table else one.ground.tables[name]
        found[name] = examine(RAW_BY_NAME[name], delivered, limits, others)
        others[name] = found[name]
    return found


def sealed_in_earnest(one: Mutated, found: dict[str, ExaminedTable], folder: Path) -> list[str]:
    """Seal the whole snapshot; say where the lake holds something else than the fast path found."""
    lake = Lake(folder)
    tables = {**one.ground.tables, one.table: one.delivered}
    snapshot = Snapshot(one.ground.as_of, SOURCE, tables, {}, None)
    outcome = seal(snapshot, lake, Ledger(lake.ledger_file), SETTINGS, today=one.ground.as_of)
    quarantine = pa.concat_tables([found[name].quarantine() for name in RAW_BY_NAME if name in found])
    if outcome.snapshot is None:
        assert outcome.refusal_file is not None
        file = outcome.refusal_file.with_suffix(".parquet")
        rows = read_arrow(file).to_pylist() if file.exists() else []
        return [] if rows == quarantine.to_pylist() else ["refused with other rows than were found"]
    file = outcome.snapshot.quarantine_file
    rows = read_arrow(lake.root / file).to_pylist() if file else []
    faults = [] if rows == quarantine.to_pylist() else ["another quarantine than was found"]
    for name, table in found.items():
        sealed = read_arrow(lake.root / outcome.snapshot.tables[name].file)
        if not sealed.select(table.accepted.column_names).cast(table.accepted.schema).equals(table.accepted):
            faults.append(f"another {name} is sealed than was found")
    return faults


def tally(count: int, seed: int, in_earnest: int) -> Tally:
    """Make and judge `count` snapshots, of which `in_earnest` are sealed as well."""
    found = Tally()
    every = max(count // max(in_earnest, 1), 1)
    for number in range(count):
        one = mutated(seed, number)
        examined = examined_in_part(one)
        found.judge(one, examined)
        if number % every == 0:
            with tempfile.TemporaryDirectory() as folder:
                found.faults += sealed_in_earnest(one, examined, Path(folder))
    return found


def run(scale: float, report: Report) -> None:
    """Judge 20,000 mutated snapshots."""
    started = time.process_time()
    count = scaled(SNAPSHOTS, scale)
    found = tally(count, seed=20260726, in_earnest=scaled(_SEALED_IN_EARNEST, scale))
    for fault in found.faults[:20]:
        report.miss(fault)
    report.count("mutated snapshots", found.snapshots, exactly=count)
    report.count("equal to the oracle, or quarantined as planted", found.equal, exactly=count)
    report.count("planted defects", found.planted)
    report.count("rows of other tables that name them", found.consequences)
    report.count(
        "of the defects found at row, column and rule, %", 100 * found.found / found.planted, least=99.9
    )
    report.count("clean rows", found.clean_rows)
    share = 100 * found.wrongly_set_aside / found.clean_rows
    report.count("of them set aside, %", share, most=0.05)
    report.count("rules that had to catch something", len(found.rules))
    report.count("processor seconds", round(time.process_time() - started))
