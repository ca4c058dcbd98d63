"""Great Expectations over the release candidate: is it plausible, by itself and after the last one.

The suite is made from `plausibility`; its results and data docs are kept with the release as
evidence. Only the columns that are looked at are read. What changed since the earlier release is
a warning: a planner should see it, and it can be real. Everything else closes the gate.
"""

from __future__ import annotations

import math
import os
import shutil
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow.compute as pc
import pyarrow.parquet as pq

from orchestration.lake.parquet import write_json
from orchestration.publish.plain_json import plain_json
from orchestration.publish.plausibility import MOST, PLAUSIBILITY, Plausibility, Usual
from orchestration.publish.verdicts import Severity, Verdict

if TYPE_CHECKING:
    import pandas as pd

    from orchestration.settings import Settings

_VALUES_NAMED = 5
_REPAIRS = {
    "row_count": "find the stage that lost the rows: counts per asset are in the run's materialisations",
    "row_count_change": "compare with the earlier release; if the change is real, nothing is to be done",
    "total_change": "compare with the earlier release; if the change is real, nothing is to be done",
    "key_not_null": "find the rows in the model of this table; a key column may not be empty",
    "key_unique": "find the doubled rows in the model of this table; a join most likely multiplies them",
    "numbers_in_range": "find the rows in the model of this table and the input they come from",
    "usual_range": "read the rows of the table; look at forecasts and history before trusting the plan",
    "kept_values": "find out what changed it: what was promised first is never changed, only promised again",
    "values_in_list": "correct the model of this table, or extend the closed list where it is stated",
}


@dataclass(frozen=True)
class _Demand:
    """One expectation: the check it belongs to, its type and arguments, what it is about."""

    check: str
    expectation: str
    arguments: dict[str, Any]
    about: str
    severity: Severity = "ERROR"


def expectation_checks(tables: Collection[str]) -> frozenset[tuple[str, str]]:
    """Return the (table, check) pairs that `expect` judges when `tables` are published.

    A stated table is expected whether it is among `tables` or not; of any other table only the
    change of its row count is looked at.
    """
    return frozenset(
        (name, check) for name in {*PLAUSIBILITY, *tables} for check in _checks_of(PLAUSIBILITY.get(name))
    )


def expect(
    tables: Mapping[str, Path], previous: Mapping[str, Path] | None, settings: Settings, evidence: Path
) -> list[Verdict]:
    """Judge the tables of a candidate (Parquet files by name) and return one verdict per check.

    `previous`: the tables of the earlier release, None for the first. Writes `expectations.json`
    and the static site `data_docs/` into the folder `evidence`. Verdicts are sorted by table and
    check and are the same for the same tables.
    """
    os.environ["GX_ANALYTICS_ENABLED"] = "false"
    import great_expectations as gx

    evidence.mkdir(parents=True, exist_ok=True)
    shutil.rmtree(evidence / "data_docs", ignore_errors=True)
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False}
    _add_data_docs(context, evidence / "data_docs")
    source = context.data_sources.add_pandas("release_candidate")
    verdicts: list[Verdict] = []
    results: dict[str, Any] = {}
    share = settings.release.max_row_change_share
    for name in sorted({*PLAUSIBILITY, *tables}):
        stated = PLAUSIBILITY.get(name)
        if name not in tables:
            verdicts += _missing(name, stated)
            continue
        demands = list(_demands(stated, _earlier(name, stated, previous), share))
        before = previous.get(name) if previous is not None else None
        result = _validate(context, source, name, demands, _frame(tables[name], stated, before))
        results[name] = result
        verdicts += _verdicts(name, demands, result["results"])
    context.build_data_docs()
    _drop_tutorial(evidence / "data_docs" / "static")
    write_json(plain_json(results), evidence / "expectations.json")
    return sorted(verdicts, key=lambda verdict: verdict.key)


def _checks_of(stated: Plausibility | None) -> Iterator[str]:
    yield "row_count_change"
    if stated is None:
        return
    yield "key_not_null"
    yield "key_unique"
    if stated.is_never_empty:
        yield "row_count"
    if stated.from_zero or stated.shares:
        yield "numbers_in_range"
    if stated.lists:
        yield "values_in_list"
    if stated.total:
        yield "total_change"
    if stated.usual:
        yield "usual_range"
    if stated.kept:
        yield "kept_values"


@dataclass(frozen=True)
class _Earlier:
    """What the earlier release says: rows and the total of a table, None where it says nothing."""

    rows: int | None = None
    total: float | None = None


def _earlier(name: str, stated: Plausibility | None, previous: Mapping[str, Path] | None) -> _Earlier:
    if previous is None or name not in previous:
        return _Earlier()
    file = pq.ParquetFile(previous[name])
    rows = file.metadata.num_rows
    if stated is None or stated.total is None or stated.total not in file.schema_arrow.names:
        return _Earlier(rows)
    return _Earlier(rows, float(pc.sum(file.read([stated.total]).column(0)).as_py() or 0.0))


def _demands(stated: Plausibility | None, earlier: _Earlier, share: float) -> Iterator[_Demand]:
    """Make the expectations of one table."""
    rows = "ExpectTableRowCountToBeBetween"
    if earlier.rows:
        least, most = math.floor(earlier.rows * (1 - share)), math.ceil(earlier.rows * (1 + share))
        limits: dict[str, Any] = {"min_value": max(least, 0), "max_value": most}
        about = f"rows; {earlier.rows} in the earlier release, {limits['min_value']} to {most} are plausible"
    else:
        limits, about = {"min_value": 0}, "rows; no earlier release to compare with"
    yield _Demand("row_count_change", rows, limits, about, "WARN")
    if stated is None:
        return
    if stated.is_never_empty:
        yield _Demand("row_count", rows, {"min_value": 1}, "rows; at least 1 is needed")
    for column in stated.key:
        yield _Demand(
            "key_not_null", "ExpectColumnValuesToNotBeNull", {"column": column}, f"{column} is null"
        )
    if len(stated.key) == 1:
        unique: tuple[str, dict[str, Any]] = ("ExpectColumnValuesToBeUnique", {"column": stated.key[0]})
    else:
        unique = ("ExpectCompoundColumnsToBeUnique", {"column_list": list(stated.key)})
    yield _Demand("key_unique", *unique, f"{' + '.join(stated.key)} is not unique")
    for columns, most_value in ((stated.from_zero, MOST), (stated.shares, 1.0)):
        for column in columns:
            bounds = {"column": column, "min_value": 0, "max_value": most_value}
            about = f"{column} is outside 0 to {most_value:g}"
            yield _Demand("numbers_in_range", "ExpectColumnValuesToBeBetween", bounds, about)
    for column, values in stated.lists.items():
        listed = {"column": column, "value_set": list(values)}
        about = f"{column} is none of {', '.join(values)}"
        yield _Demand("values_in_list", "ExpectColumnValuesToBeInSet", listed, about)
    if stated.total:
        yield _total(stated.total, earlier.total, share)
    for usual in stated.usual:
        yield _usual(usual)
    for column in stated.kept:
        same = {"column": _kept(column), "value_set": [True]}
        about = f"{column} is another than in the earlier release"
        yield _Demand("kept_values", "ExpectColumnValuesToBeInSet", same, about)


def _usual(usual: Usual) -> _Demand:
    rows = " and ".join(f'{name} == "{value}"' for name, value in usual.rows.items())
    bounds = {"column": usual.column, "min_value": usual.low, "max_value": usual.high}
    arguments = {**bounds, "row_condition": rows, "condition_parser": "pandas"}
    about = f"{usual.column} is outside the usual {usual.low:g} to {usual.high:g} where {rows}"
    return _Demand("usual_range", "ExpectColumnValuesToBeBetween", arguments, about, "WARN")


def _total(column: str, earlier: float | None, share: float) -> _Demand:
    if not earlier:
        limits, about = (-math.inf, math.inf), f"total {column}; no earlier total to compare with"
    else:
        limits = (min(earlier * (1 - share), earlier * (1 + share)), abs(earlier) * (1 + share))
        range_told = f"{limits[0]:.2f} to {limits[1]:.2f} are plausible"
        about = f"total {column}; {earlier:.2f} in the earlier release, {range_told}"
    bounds = {"min_value": max(limits[0], -MOST), "max_value": min(limits[1], MOST)}
    return _Demand("total_change", "ExpectColumnSumToBeBetween", {"column": column, **bounds}, about, "WARN")


def _frame(file: Path, stated: Plausibility | None, before: Path | None) -> pd.DataFrame:
    """Only the columns that are looked at; the first one where only rows are counted."""
    parquet = pq.ParquetFile(file)
    names = parquet.schema_arrow.names
    chosen = [name for name in (stated.columns if stated else names[:1]) if name in names]
    frame: pd.DataFrame = parquet.read(chosen).to_pandas()
    if stated is None:
        return frame
    for column in stated.kept:
        if column in names:
            frame[_kept(column)] = _is_kept(frame, stated.key, column, before)
    return frame


def _kept(column: str) -> str:
    return f"{column} as before"


def _is_kept(frame: pd.DataFrame, key: tuple[str, ...], column: str, before: Path | None) -> pd.Series[bool]:
    """Whether a row has the value that the earlier release had for it; also where one of them has none."""
    import pandas as pd

    everywhere = pd.Series(True, index=frame.index)
    if before is None or not {*key, column} <= set(pq.read_schema(before).names):
        return everywhere
    earlier = pq.read_table(before, columns=[*key, column], partitioning=None).to_pandas()
    had = frame[list(key)].merge(earlier, on=list(key), how="left")[column].set_axis(frame.index)
    return everywhere.where(had.isna() | frame[column].isna() | (had == frame[column]), other=False)


def _validate(
    context: Any, source: Any, name: str, demands: list[_Demand], frame: pd.DataFrame
) -> dict[str, Any]:
    """Run the suite of one table and return its result as JSON content, in the demands' order."""
    import great_expectations as gx
    import great_expectations.expectations as gxe

    suite = gx.ExpectationSuite(
        name=name,
        expectations=[
            getattr(gxe, demand.expectation)(
                **demand.arguments,
                severity="critical" if demand.severity == "ERROR" else "warning",
                # The number keeps two expectations of one type apart and leads back to the demand.
                meta={"check": demand.check, "demand": number},
            )
            for number, demand in enumerate(demands)
        ],
    )
    batch = source.add_dataframe_asset(name).add_batch_definition_whole_dataframe("candidate")
    validation = gx.ValidationDefinition(name=name, data=batch, suite=context.suites.add(suite))
    outcome = context.validation_definitions.add(validation).run(
        batch_parameters={"dataframe": frame},
        result_format={"result_format": "BASIC", "partial_unexpected_count": _VALUES_NAMED},
    )
    content: dict[str, Any] = outcome.to_json_dict()
    content["results"].sort(key=lambda one: one["expectation_config"]["meta"]["demand"])
    return content


def _verdicts(name: str, demands: list[_Demand], results: list[dict[str, Any]]) -> Iterator[Verdict]:
    """Bring the results of one table together, one verdict per check."""
    by_check: dict[str, list[tuple[_Demand, dict[str, Any]]]] = {}
    for demand, result in zip(demands, results, strict=True):
        by_check.setdefault(demand.check, []).append((demand, result))
    for check, judged in by_check.items():
        failed = [(demand, result) for demand, result in judged if not result["success"]]
        told = [_told(demand, result) for demand, result in failed or judged]
        counts = [result["result"].get("unexpected_count") for _, result in judged]
        known = [count for count in counts if count is not None]
        yield Verdict(
            asset=name,
            check=check,
            kind="expectation",
            is_passed=not failed,
            severity=judged[0][0].severity,
            failing_rows=sum(known) if known else None,
            detail="; ".join(told) if failed or check in _COUNTED else f"{len(judged)} expectations hold",
            repair="" if not failed else _REPAIRS[check],
        )


# Checks of one observed number, which is worth reading also when it is plausible.
_COUNTED = frozenset({"row_count", "row_count_change", "total_change"})


def _told(demand: _Demand, result: dict[str, Any]) -> str:
    found = result["result"]
    if "observed_value" in found:
        observed = found["observed_value"]
        shown = f"{observed:.2f}" if isinstance(observed, float) else str(observed)
        return f"{shown} {demand.about}"
    if "unexpected_count" not in found:
        return f"{demand.about}: could not be judged; is the column there?"
    values = found.get("partial_unexpected_list") or []
    examples = f" ({', '.join(str(value) for value in values)})" if any(v is not None for v in values) else ""
    return f"{demand.about} in {found['unexpected_count']} rows{examples}"


def _missing(name: str, stated: Plausibility | None) -> Iterator[Verdict]:
    for check in _checks_of(stated):
        yield Verdict(
            asset=name,
            check=check,
            kind="expectation",
            is_passed=False,
            severity="WARN" if check in ("row_count_change", "total_change", "usual_range") else "ERROR",
            failing_rows=None,
            detail="the table is not part of the candidate",
            repair="run the whole job for this date, not a part of it",
        )


def _add_data_docs(context: Any, folder: Path) -> None:
    """Let the context render its results as a static site into `folder` instead of anywhere else."""
    for site in list(context.get_site_names()):
        context.delete_data_docs_site(site)
    context.add_data_docs_site(
        "release",
        {
            "class_name": "SiteBuilder",
            "show_how_to_buttons": False,
            "store_backend": {
                "class_name": "TupleFilesystemStoreBackend",
                "base_directory": str(folder.resolve()),
            },
            "site_index_builder": {"class_name": "DefaultSiteIndexBuilder"},
        },
    )


def _drop_tutorial(static: Path) -> None:
    """Remove the site's animated tutorial and own fonts: 3 MB that each release would carry again."""
    shutil.rmtree(static / "fonts", ignore_errors=True)
    for picture in (*static.glob("images/*.gif"), static / "images" / "iterative-dev-loop.png"):
        picture.unlink(missing_ok=True)
