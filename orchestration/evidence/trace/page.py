"""A trace as text for a terminal and as one page that needs nothing else."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

_TEMPLATE = Path(__file__).with_name("page.html.jinja")
# Rows per table on the page; the JSON form has more.
PAGE_ROWS = 50
_TEXT_ROWS = 5
_WIDEST = 110


def as_html(trace: Mapping[str, Any]) -> str:
    """Return the page; every text of the data is escaped."""
    from jinja2 import Environment

    environment = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True)
    template = environment.from_string(_TEMPLATE.read_text(encoding="utf-8"))
    return template.render(trace=trace, shown=PAGE_ROWS)


def as_text(trace: Mapping[str, Any]) -> str:
    """Return what a person reads first: the numbers, whether they can be made again, what is behind them."""
    return "\n".join(_lines(trace)) + "\n"


def _lines(trace: Mapping[str, Any]) -> Iterator[str]:
    release = trace["release"]
    key = " ".join(f"{name}={value}" for name, value in trace["key"].items())
    yield f"{trace['table']} {key}"
    yield f"release {release['release_id']}{'' if release['is_current'] else ' (not the current one)'}"
    fault = trace["table_fault"]
    yield (
        f"  the published table {fault}" if fault else "  the published table has the hash of its publication"
    )
    for one in trace["numbers"]:
        yield ""
        yield f"{one['column']} = {_value(one['value'])} {one['unit'] or ''}".rstrip()
        yield f"  {one['description'] or 'no description in this release'}"
        yield f"  formula: {one['formula'] or 'not stated by this release'}"
        yield f"  owner: {one['owner'] or 'not stated by this release'}"
    if trace.get("recomputed"):
        yield from _recomputed(trace)
    for title, steps in (("Said of it in the same release", trace["related"]),):
        yield from _steps(title, steps)
    yield from _decisions(trace["decisions"])
    yield from _steps("Tables between dbt and the science", trace["borders"])
    yield ""
    yield f"Marts: {trace['marts']['said']}"
    for one in trace["marts"]["tables"]:
        yield f"  {one['table']}: {one['n_rows']:,} rows"
    yield from _steps("Sealed rows of the source", trace["sealed"])
    yield from _snapshots(trace["snapshots"])
    checks = trace["checks"]
    passed = sum(one["is_passed"] for one in checks["on_table"])
    yield ""
    yield (
        f"Checks: {passed} of {len(checks['on_table'])} of the table passed; {checks['behind']} looked at "
        f"what lies behind it, {len(checks['failed_behind'])} of them did not pass"
    )
    for one in trace["solver_runs"][:_TEXT_ROWS]:
        yield f"  solve {one['optimisation_model']} {one['batch_id']}: {one['solver_status']}"
    code = release["code"] or {}
    yield ""
    yield f"Code: commit {code.get('git_commit')}, source {code.get('source_hash')}"
    yield f"Settings: {release['config_hash']}"
    yield f"Seeds: {release['seeds']}"


def _recomputed(trace: Mapping[str, Any]) -> Iterator[str]:
    again = trace["recomputed"]
    verdict = {True: "equal", False: "NOT EQUAL", None: "the release says that it cannot be"}[
        again["is_equal"]
    ]
    yield ""
    yield f"Calculated again from its inputs: {verdict}"
    for name, now in again["calculated"].items():
        yield (
            f"  {name}: now {_value(now)}, then {_value(again['released'][name])}, "
            f"in effect {_value(again['effective'][name])}"
        )
    for name, value in trace["policy_input"].items():
        if value is not None and name not in ("release_id", "as_of"):
            yield f"    {name} = {_value(value)}"


def _steps(title: str, steps: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    if not steps:
        return
    yield ""
    yield title
    for one in steps:
        by = ", ".join(one.get("selected_by") or ()) or ("its key" if "selected_by" not in one else "no id")
        yield f"  {one['table']}: {one['n_rows']:,} rows by {by}"
        if one.get("said"):
            yield f"    {one['proof']}: {one['said']}"
            yield f"    {one['file']} sha256 {one['sha256']}"
        for file in one.get("files", ()):
            yield f"    {file['file']} sha256 {file['sha256']} ({file['proof']}: {file['said']})"
        if one.get("selected_by", True):
            for row in one["rows"][:_TEXT_ROWS]:
                yield f"    {_row(row)}"


def _decisions(events: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    yield ""
    yield "Ledger events about it" if events else "Ledger events about it: none"
    for one in events:
        yield (
            f"  {one['seq']}: {one['family']}/{one['event_type']} {one['subject']} by {one['actor']} at "
            f"{one['recorded_at']}{'' if one['was_read'] else ' (after this release had read)'}"
        )


def _snapshots(snapshots: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    yield ""
    yield "Snapshots"
    for one in snapshots:
        yield (
            f"  {one['as_of']} {one['snapshot_id']} (version {one['version']}, {one['source']}), sealed "
            f"{one['sealed_at'] or 'at an unknown time'}"
        )
        for file in one["delivered"]:
            yield f"    {file['path']} of {file['arrived_at']} sha256 {file['sha256']}"


def _row(row: Mapping[str, Any]) -> str:
    told = [f"row {row['row_number']}"] if "row_number" in row else []
    hidden = ("row_number", "file", "release_id", "as_of", "snapshot_date")
    told += [
        f"{name}={_value(value)}" for name, value in row.items() if value is not None and name not in hidden
    ]
    text = " ".join(told)
    return text if len(text) <= _WIDEST else text[: _WIDEST - 1] + "…"


def _value(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.10g}"
    return "none" if value is None else str(value)
