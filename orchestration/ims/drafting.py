"""`stockplan init`: a mapping drafted from the user's own files, or from samples of another source.

Tables and columns are matched by what they are called and by whether the values fit our column.
A draft is a start: it lists what it assumed, what it could not find, and which features that
switches off, and it never guesses a number.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from collections.abc import Mapping as Words
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import yaml
from rapidfuzz import fuzz, process
from scipy.optimize import linear_sum_assignment

from optimization.contracts.column import Column
from orchestration.closed_duckdb import closed_duckdb
from orchestration.contracts.raw import RAW_BY_NAME, STAMPS, RawTable
from orchestration.ims.casting import cast_column, mask_of
from orchestration.ims.connector import SnapshotMissingError
from orchestration.ims.files import read_table, translate
from orchestration.ims.mapping import ColumnMapping, Dialect, Mapping, TableMapping
from orchestration.ims.postgres.mapping import DatabaseMapping
from orchestration.ims.vocabulary import (
    ASSUMED,
    COLUMN_WORDS,
    STAND_INS,
    SYNONYMS,
    TABLE_WORDS,
)

# Names this alike are taken to mean the same column; below, the user decides.
_SAME_COLUMN = 0.80
_SAME_TABLE = 0.55
SAMPLE_ROWS = 1000
CHECK_IT = ("# Look at every line marked CHECK and complete every line marked MISSING.", "")
# A column whose sample holds more misfits than this is not of our kind.
_MOST_MISFITS = 0.02


@dataclass(frozen=True)
class Draft:
    """A drafted mapping: its YAML text, and what its user has to look at.

    `missing` must be supplied before a snapshot can be sealed; `assumed` are constants and
    stand-ins to confirm; `disabled` are the features that absent tables and columns switch off;
    `unused` are files and columns that nothing of ours was found for.
    """

    text: str
    tables: Words[str, ColumnMapping]
    missing: tuple[str, ...]
    assumed: tuple[str, ...]
    disabled: tuple[str, ...]
    unused: tuple[str, ...]


@dataclass
class Sample:
    """The first rows of one of the user's files or tables, and how it is written.

    `name` is what it is called, `kind` what it is; `entry` says in the mapping where it lies.
    """

    kind: str
    name: str
    entry: Words[str, str]
    rows: pa.Table
    dialect: Dialect = field(default_factory=Dialect)


@dataclass
class _Match:
    """Our table found in one of the user's files or tables."""

    table: RawTable
    source: Sample
    columns: dict[str, str]
    constants: dict[str, bool | int | str] = field(default_factory=dict)
    stand_ins: set[str] = field(default_factory=set)
    values: dict[str, dict[str, str]] = field(default_factory=dict)
    unknown_words: dict[str, list[str]] = field(default_factory=dict)
    missing: list[str] = field(default_factory=list)
    score: float = 0.0


def draft_mapping(folder: Path) -> Draft:
    """Draft the mapping of the files in `folder`, or in its newest folder named by a date.

    Raises `SourceError` when there is no CSV or Parquet file, or one cannot be read.
    """

    def head(shared: Dialect) -> list[str]:
        stated = _stated(shared) or {"delimiter": shared.delimiter}
        return [
            f"# Column mapping drafted from the files in {folder.name}. Ours: theirs.",
            *CHECK_IT,
            *_block("dialect", stated, 0),
        ]

    return draft(_read_files(_newest(folder)), head, Mapping)


def draft(
    samples: Sequence[Sample],
    head: Callable[[Dialect], list[str]],
    kind: type[Mapping | DatabaseMapping],
) -> Draft:
    """Draft a mapping of one kind from samples.

    `head` gives its lines before the tables, from the way in which most of what was found is written.
    """
    matches = _match_tables(samples)
    for match in matches.values():
        _complete(match)
    dialects = [match.source.dialect for match in matches.values()]
    shared = max(dialects, key=dialects.count) if dialects else Dialect()
    text = _render([*head(shared), ""], matches, shared)
    missing = [
        f"table {name}: nothing was found for it"
        for name, table in RAW_BY_NAME.items()
        if table.is_mandatory and name not in matches
    ]
    missing += [f"{name}.{one}" for name, match in matches.items() for one in match.missing]
    return Draft(
        text=text,
        tables=kind.model_validate(yaml.safe_load(text)).tables,
        missing=tuple(missing),
        assumed=tuple(_assumptions(matches)),
        disabled=tuple(_disabled(matches)),
        unused=tuple(_unused(samples, matches)),
    )


def _newest(folder: Path) -> Path:
    if not folder.is_dir():
        raise SnapshotMissingError(f"{folder} is not a folder; name the one that holds your files")
    dated = []
    for one in folder.iterdir():
        try:
            dated.append((date.fromisoformat(one.name), one))
        except ValueError:
            continue
    return max(dated)[1] if dated else folder


def _read_files(folder: Path) -> list[Sample]:
    paths = sorted(one for one in folder.iterdir() if one.suffix.lower() in (".csv", ".parquet"))
    if not paths:
        raise SnapshotMissingError(f"{folder} holds no .csv or .parquet file; export your tables into it")
    files = []
    for path in paths:
        dialect = _sniff(path) if path.suffix.lower() == ".csv" else Dialect()
        rows = read_table(path, dialect).slice(0, SAMPLE_ROWS)
        files.append(Sample("file", path.name, {"file": path.name}, rows, dialect))
    return files


def _sniff(path: Path) -> Dialect:
    """Find out how a text file is written; DuckDB's sniffer knows delimiter, quote and date format."""
    import duckdb

    encoding = "utf-8"
    try:
        path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        encoding = "cp1252"
    with closed_duckdb([path]) as connection:
        try:
            found = connection.execute(
                "select Delimiter, Quote, DateFormat, TimestampFormat from sniff_csv(?, encoding = ?)",
                [str(path), "utf-8" if encoding == "utf-8" else "latin-1"],
            ).fetchone()
        except duckdb.Error:
            found = None
    delimiter, quote, date_format, timestamp_format = found or (",", '"', None, None)
    # The sniffer reports what the file does not settle as its default or as an empty text.
    dialect = Dialect(
        delimiter=delimiter or ",",
        quote=quote if quote and len(quote) == 1 and quote != "\x00" else '"',
        encoding=encoding,
        date_format=None if date_format in (None, "", "%Y-%m-%d") else date_format,
        timestamp_format=None
        if not timestamp_format or timestamp_format.startswith("%Y-%m-%d")
        else timestamp_format,
    )
    if _has_decimal_comma(read_table(path, dialect).slice(0, SAMPLE_ROWS)):
        dialect = dialect.model_copy(update={"decimal": ",", "thousands": "."})
    return dialect


def _has_decimal_comma(sample: pa.Table) -> bool:
    """Whether some column holds nothing but numbers, and commas stand where decimals do."""
    for values in sample.columns:
        if not pa.types.is_string(values.type):
            continue
        texts = {text.strip() for text in values.to_pylist() if text and text.strip()}
        is_number = all(re.fullmatch(r"-?\d{1,3}(\.?\d{3})*(,\d+)?", text) for text in texts)
        if is_number and any("," in text for text in texts):
            return True
    return False


def _canonical(name: str) -> str:
    """Bring a name into the words of `SYNONYMS`: `WarehouseCode` -> `location id`."""
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", name)
    tokens = [token for token in re.split(r"[^0-9a-z]+", spaced.lower()) if token]
    return " ".join(SYNONYMS.get(token, token) for token in tokens).strip()


def _likeness(theirs: str, ours: str, words: Words[str, tuple[str, ...]]) -> float:
    """How alike two names are, 0 to 1, under the best of our words for it."""
    canonical = _canonical(theirs)
    return max(
        fuzz.token_sort_ratio(canonical, _canonical(word)) / 100 for word in (ours, *words.get(ours, ()))
    )


def _fits(values: pa.ChunkedArray, column: Column, dialect: Dialect) -> float:
    """How well sample values fit our column: 0 not at all, 1 wholly."""
    ours = translate(values, column, TableMapping(file="x.csv"), dialect)
    cast = cast_column(ours, column.kind)
    present = len(values) - cast.values.null_count + int(cast.misfits.sum())
    if not present:
        return 1.0 if column.kind == "text" else 0.9
    if cast.misfits.sum() > _MOST_MISFITS * present:
        return 0.0
    if column.isin is None:
        return 1.0
    known = int(mask_of(pc.is_in(cast.values, value_set=pa.array(column.isin))).sum())
    return 0.85 + 0.15 * known / int(present)


def _match_tables(samples: Sequence[Sample]) -> dict[str, _Match]:
    """Assign samples to our tables so that the sum of scores is the greatest."""
    tables = list(RAW_BY_NAME.values())
    candidates = [[_match_columns(table, sample) for sample in samples] for table in tables]
    scores = np.array([[match.score for match in row] for row in candidates])
    rows, columns = linear_sum_assignment(scores, maximize=True)
    chosen = {}
    for row, column in zip(rows, columns, strict=True):
        if scores[row, column] >= _SAME_TABLE:
            chosen[tables[row].source_name] = candidates[row][column]
    return {name: chosen[name] for name in RAW_BY_NAME if name in chosen}


def _match_columns(table: RawTable, sample: Sample) -> _Match:
    """Assign the sample's columns to ours; the score weighs its name and what was found."""
    names = sample.rows.column_names
    scores = np.zeros((len(table.columns), len(names)))
    for i, column in enumerate(table.columns):
        for j, name in enumerate(names):
            likeness = _likeness(name, column.name, COLUMN_WORDS)
            if likeness >= _SAME_COLUMN:
                scores[i, j] = likeness * _fits(sample.rows.column(name), column, sample.dialect)
    rows, columns = linear_sum_assignment(scores, maximize=True)
    found = {
        table.columns[i].name: names[j]
        for i, j in zip(rows, columns, strict=True)
        if scores[i, j] >= _SAME_COLUMN * 0.85
    }
    wanted = [name for name in table.required if name not in STAMPS]
    got = sum(name in found or (table.source_name, name) in ASSUMED for name in wanted) / len(wanted)
    used = len(found) / max(len(names), 1)
    name_likeness = _likeness(Path(sample.name).stem, table.source_name, TABLE_WORDS)
    has_key = all(name in found or (table.source_name, name) in ASSUMED for name in table.key)
    score = 0.4 * name_likeness + 0.35 * got + 0.25 * used if has_key and found else 0.0
    ordered = {name: found[name] for name in table.column_names if name in found}
    return _Match(table, sample, ordered, score=score)


def _complete(match: _Match) -> None:
    """Fill what the source lacks with assumptions, and translate words of closed lists."""
    name = match.table.source_name
    for column in match.table.required:
        if column in match.columns or column in STAMPS:
            continue
        stand_in = STAND_INS.get((name, column))
        if stand_in in match.columns:
            match.columns[column] = match.columns[stand_in]
            match.stand_ins.add(column)
        elif (name, column) in ASSUMED:
            match.constants[column] = ASSUMED[name, column]
        else:
            match.missing.append(column)
    for ours in match.table.columns:
        if ours.isin is None or ours.name not in match.columns:
            continue
        texts = pc.unique(cast_column(match.source.rows.column(match.columns[ours.name]), "text").values)
        for text in sorted(text for text in texts.to_pylist() if text and text not in ours.isin):
            best = process.extractOne(
                text.lower().replace(" ", "_"), ours.isin, scorer=fuzz.ratio, score_cutoff=80
            )
            if best:
                match.values.setdefault(ours.name, {})[text] = best[0]
            else:
                match.unknown_words.setdefault(ours.name, []).append(text)


def _assumptions(matches: Words[str, _Match]) -> list[str]:
    told = []
    for name, match in matches.items():
        told += [f"{name}.{column} = {value} in every row" for column, value in match.constants.items()]
        told += [
            f"{name}.{column} is read from {match.columns[column]}, like {STAND_INS[name, column]}"
            for column in sorted(match.stand_ins)
        ]
        told += [
            f"{name}.{column}: {', '.join(words)} must be translated, or their rows are quarantined"
            for column, words in match.unknown_words.items()
        ]
    return told


def _disabled(matches: Words[str, _Match]) -> list[str]:
    told = []
    for name, table in RAW_BY_NAME.items():
        if name not in matches:
            told += [f"{feature} (no table {name})" for feature in table.disables]
            continue
        told += [
            f"{feature} (no {name}.{column})"
            for column, feature in table.column_disables.items()
            if column not in matches[name].columns
        ]
    return told


def _unused(samples: Sequence[Sample], matches: Words[str, _Match]) -> list[str]:
    by_name = {match.source.name: match for match in matches.values()}
    told = []
    for sample in samples:
        match = by_name.get(sample.name)
        if match is None:
            told.append(f"{sample.kind} {sample.name}")
            continue
        mapped = set(match.columns.values())
        told += [f"column {sample.name}: {name}" for name in sample.rows.column_names if name not in mapped]
    return told


def _render(head: Sequence[str], matches: Words[str, _Match], shared: Dialect) -> str:
    """Write the mapping as YAML with what its user has to look at as comments."""
    lines = [*head, "tables:" if matches else "tables: {}"]
    for name, table in RAW_BY_NAME.items():
        match = matches.get(name)
        if match is None:
            lines += _absent(table)
            continue
        lines += [
            f"  {name}:",
            *(f"    {key}: {yaml_scalar(value)}" for key, value in match.source.entry.items()),
        ]
        if match.source.dialect != shared:
            lines += _block("dialect", _stated(match.source.dialect), 4)
        lines += ["    columns:"]
        for column in table.column_names:
            if column in match.columns:
                check = "  # CHECK: no column of its own was found" if column in match.stand_ins else ""
                lines.append(f"      {column}: {yaml_scalar(match.columns[column])}{check}")
            elif column in match.missing:
                lines.append(f"      # MISSING {column}: {_meaning(table, column)}")
            elif column in table.column_disables:
                lines.append(f"      # {column}: not found; off without it: {table.column_disables[column]}")
        if match.constants:
            lines.append("    constants:")
            lines += [
                f"      {column}: {yaml_scalar(value)}  # CHECK: assumed for every row"
                for column, value in match.constants.items()
            ]
        lines += _value_lines(match)
    return "\n".join(lines) + "\n"


def _value_lines(match: _Match) -> list[str]:
    lines = ["    values:"] if match.values else []
    for column, words in match.values.items():
        lines.append(f"      {column}:  # CHECK: theirs: ours")
        lines += [f"        {yaml_scalar(word)}: {yaml_scalar(ours)}" for word, ours in words.items()]
    for column, texts in match.unknown_words.items():
        allowed = ", ".join(_column(match.table, column).isin or ())
        theirs = ", ".join(map(yaml_scalar, texts))
        lines.append(f"    # MISSING values.{column}: translate {theirs} into one of {allowed}")
    return lines


def _absent(table: RawTable) -> list[str]:
    wanted = ", ".join(name for name in table.required if name not in STAMPS)
    if table.is_mandatory:
        return [f"  # MISSING table {table.source_name} ({table.description}) with {wanted}"]
    return [f"  # {table.source_name}: not found; off without it: {'; '.join(table.disables)}"]


def _meaning(table: RawTable, column: str) -> str:
    stated = _column(table, column)
    closed = f" ({', '.join(stated.isin)})" if stated.isin else ""
    return f"{stated.description}{closed}; name its column here, or a value under constants"


def _column(table: RawTable, name: str) -> Column:
    return next(column for column in table.columns if column.name == name)


def _stated(dialect: Dialect) -> dict[str, Any]:
    """What of a dialect differs from the default."""
    return dialect.model_dump(mode="json", exclude_defaults=True)


def _block(name: str, content: dict[str, Any], indent: int) -> list[str]:
    pad = " " * indent
    return [f"{pad}{name}:", *(f"{pad}  {key}: {yaml_scalar(value)}" for key, value in content.items())]


def yaml_scalar(value: object) -> str:
    """One YAML scalar on one line, quoted when it must be."""
    text = yaml.safe_dump(value, allow_unicode=True, width=10_000, default_flow_style=True)
    return text.removesuffix("\n...\n").strip()
