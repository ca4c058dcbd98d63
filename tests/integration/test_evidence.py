"""Published numbers of the demo, traced to the source's rows and calculated again from the trace alone."""

from __future__ import annotations

import json
import random
from collections.abc import Mapping
from typing import Any

import pytest
from typer.testing import CliRunner

from orchestration.cli import app, console
from orchestration.evidence.releases.bundle import verify_bundle, write_bundle
from orchestration.evidence.releases.changes import release_changes
from orchestration.evidence.table_keys import table_key
from orchestration.evidence.trace.page import as_html, as_text
from orchestration.evidence.trace.proofs import PROVED, UNKNOWN
from orchestration.evidence.trace.tracing import recomputed, trace
from orchestration.lake.parquet import read_arrow
from orchestration.publish.shelf import Release
from tests.conftest import Demo

# 30 numbers: so many rows of each table, sampled with a fixed seed.
SAMPLE = {"policy": 12, "inventory_position": 8, "kpi": 6, "exception": 4}
# Stock that is here; of it, what the source keeps back follows the first.
_ON_HAND = ("available", "allocated", "held")


def _rows(release: Release, table: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = read_arrow(release.table(table)).to_pylist()
    if table == "kpi":
        return [row for row in rows if row["value"] is not None and row["denominator"]]
    if table == "exception":
        return [row for row in rows if row["exception_type"] in ("excess", "stock_out")]
    return rows


@pytest.fixture(scope="module")
def traced(demo: Demo) -> list[dict[str, Any]]:
    """Thirty traces, each through JSON as an auditor receives it."""
    release, lake = demo.newest.release, demo.workshop.pipeline.lake
    chance = random.Random(20230615)
    found = []
    for table, n in SAMPLE.items():
        for row in chance.sample(_rows(release, table), n):
            key = {name: str(row[name]) for name in table_key(table)}
            found.append(json.loads(json.dumps(trace(release, lake, table, key))))
    return found


def _of(traced: list[dict[str, Any]], table: str) -> list[dict[str, Any]]:
    return [told for told in traced if told["table"] == table]


def _sealed(told: Mapping[str, Any], table: str) -> list[dict[str, Any]]:
    (step,) = [one for one in told["sealed"] if one["table"] == f"raw__{table}"]
    assert step["n_rows"] == len(step["rows"])
    rows: list[dict[str, Any]] = step["rows"]
    return rows


def test_policies_follow_from_the_inputs_in_their_trace(traced: list[dict[str, Any]]) -> None:
    for told in _of(traced, "policy"):
        assert told["policy_input"]["is_recomputable"]
        again = recomputed(told["policy_input"])
        assert again == told["recomputed"]
        assert again["is_equal"] is True
        # what takes effect is what was published
        assert again["effective"]["reorder_point_units"] == told["row"]["reorder_point_units"]
        assert again["effective"]["order_up_to_units"] == told["row"]["order_up_to_units"]


def test_stock_positions_are_sums_of_the_sealed_rows(traced: list[dict[str, Any]]) -> None:
    for told in _of(traced, "inventory_position"):
        row, stock = told["row"], _sealed(told, "stock_on_hand")
        ours = sum(one["on_hand_units"] for one in stock if one["stock_status"] in _ON_HAND)
        stated = sum(one["on_hand_units"] for one in stock if one["stock_status"] in _ON_HAND[1:])
        assert row["on_hand_units"] == pytest.approx(ours)
        assert row["reserved_units"] >= stated
        position = row["on_hand_units"] + row["on_order_units"]
        position -= row["backorder_units"] + row["reserved_units"]
        assert row["inventory_position_units"] == pytest.approx(position)


def test_kpis_are_their_sums_divided(traced: list[dict[str, Any]]) -> None:
    for told in _of(traced, "kpi"):
        row = told["row"]
        assert row["value"] == pytest.approx(row["numerator"] / row["denominator"], rel=1e-4, abs=1e-6)


def test_exceptions_are_worth_what_their_rows_say(traced: list[dict[str, Any]]) -> None:
    for told in _of(traced, "exception"):
        row = told["row"]
        held = sum(one["on_hand_units"] for one in _sealed(told, "stock_on_hand"))
        (item,) = _sealed(told, "item")
        if row["exception_type"] == "excess":
            # no more is too much than there is, and carrying it costs less than it did to buy
            assert 0 < row["quantity_units"] <= held
            assert 0 < row["value_at_risk"] <= row["quantity_units"] * item["unit_cost"]
        else:
            # nothing can be taken, or what there is is promised already
            (position,) = [
                one
                for step in told["related"]
                if step["table"] == "inventory_position"
                for one in step["rows"]
            ]
            assert position["on_hand_units"] - position["reserved_units"] <= position["backorder_units"]


def test_each_number_leads_to_rows_of_files_that_are_proved(demo: Demo, traced: list[dict[str, Any]]) -> None:
    root = demo.workshop.pipeline.lake.root
    for told in traced:
        assert told["table_fault"] == ""
        assert all(one["formula"] and one["owner"] and one["description"] for one in told["numbers"])
        files = [file for step in told["sealed"] for file in step["files"]]
        assert files
        assert {file["proof"] for file in files} == {PROVED}
        assert {one["proof"] for one in told["borders"]} <= {PROVED}
        assert told["marts"]["proof"] == PROVED
        assert any(step["rows"] for step in told["sealed"])
        assert [one["sealed_at"] for one in told["snapshots"]] == sorted(
            one["sealed_at"] for one in told["snapshots"]
        )
        assert told["checks"]["on_table"]
        assert any(one["event_type"] == "published" for one in told["decisions"])
    step = next(one for one in traced[0]["sealed"] if one["rows"])
    row = step["rows"][0]
    sealed = read_arrow(root / row["file"]).slice(row["row_number"] - 1, 1).to_pylist()[0]
    assert {name: str(value) for name, value in sealed.items() if value is not None} == {
        name: str(value)
        for name, value in row.items()
        if value is not None and name not in ("row_number", "file")
    }


def test_a_trace_reads_as_text_and_as_a_page_that_needs_nothing_else(
    traced: list[dict[str, Any]],
) -> None:
    told = json.loads(json.dumps(traced[0]))
    told["row"]["category"] = "<script>alert(1)</script>"
    page = as_html(told)
    assert "<script" not in page
    assert "&lt;script&gt;" in page
    assert "http://" not in page
    assert "https://" not in page
    assert "prefers-color-scheme: dark" in page
    text = as_text(told)
    assert "Calculated again from its inputs: equal" in text
    assert "sha256" in text


def test_an_old_release_is_traced_as_well(demo: Demo) -> None:
    """Its date was run again with the same content, so its files still have the hashes it recorded."""
    release = demo.first.release
    row = _rows(release, "policy")[0]
    key = {"item_id": row["item_id"], "location_id": row["location_id"]}
    told = trace(release, demo.workshop.pipeline.lake, "policy", key)
    assert not told["release"]["is_current"]
    assert {one["proof"] for one in told["borders"]} == {PROVED}
    assert [one["as_of"] for one in told["snapshots"]] == ["2023-06-14"]
    assert UNKNOWN not in {file["proof"] for step in told["sealed"] for file in step["files"]}


def test_the_command_traces_compares_and_bundles(demo: Demo, tmp_path: Any) -> None:
    first, newest, pipeline = demo.first.release, demo.newest.release, demo.workshop.pipeline
    row = _rows(newest, "policy")[0]

    def told(*arguments: str) -> str:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(console, "settings", lambda: pipeline.settings)
            patch.setattr("orchestration.cli.evidence.settings", lambda: pipeline.settings)
            result = CliRunner().invoke(app, list(arguments))
        assert result.exit_code == 0, result.output
        return result.output

    assert "reorder_point_units" in told("trace", "policy", row["item_id"], row["location_id"])
    changes = release_changes(first, newest)
    differing = {one.table for one in changes.tables if not one.is_same}
    assert "inventory_position" in differing
    assert "lineage" not in differing
    assert any(one.what == "input business date" for one in changes.circumstances)
    said = told("diff", first.release_id, newest.release_id)
    assert "inventory_position" in said
    # of another day every input table differs: one line says so
    assert "of another day" in said
    assert "input table " not in said
    out = tmp_path / "evidence.zip"
    write_bundle(newest, pipeline.lake, out)
    assert verify_bundle(out).faults == ()
    assert "is intact" in told("bundle", "--verify", str(out))


# --- OpenLineage


def _structured(kind: Any, content: Any) -> Any:
    """Build one of the client's own classes from JSON; a field it does not know, or lacks, is an error."""
    import attr

    names = {field.name.lstrip("_"): field for field in attr.fields(kind)}
    given = {name: value for name, value in content.items() if name not in ("schemaURL", "_schemaURL")}
    unknown = {name for name in given if name.lstrip("_") not in names}
    assert not unknown, (kind, unknown)
    return kind(**{name.lstrip("_"): value for name, value in given.items()})


def test_the_run_is_told_as_openlineage_events_that_the_client_reads(demo: Demo) -> None:
    from openlineage.client.event_v2 import InputDataset, Job, OutputDataset, Run, RunEvent, RunState
    from openlineage.client.generated import column_lineage_dataset as lineage
    from openlineage.client.generated import schema_dataset

    path = demo.workshop.pipeline.lake.openlineage_file(demo.newest.as_of)
    events = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    for told in events:
        read = _structured(RunEvent, told)
        assert RunState(read.eventType)
        _structured(Run, told["run"])
        _structured(Job, told["job"])
        for one in told["inputs"]:
            _structured(InputDataset, one)
        for one in told["outputs"]:
            _structured(OutputDataset, one)
            for field in one["facets"].get("schema", {}).get("fields", []):
                _structured(schema_dataset.SchemaDatasetFacetFields, field)
            for fields in one["facets"].get("columnLineage", {}).get("fields", {}).values():
                for field in _structured(lineage.Fields, fields).inputFields:
                    _structured(lineage.InputField, field)
    by_job: dict[str, list[str]] = {}
    for told in events:
        by_job.setdefault(told["job"]["name"], []).append(told["eventType"])
    assert set(map(tuple, by_job.values())) == {("START", "COMPLETE")}
    assert {"daily", "raw__item", "opt_in__item_location", "opt_out__policy", "policy"} <= set(by_job)
    (policy,) = [one["outputs"][0] for one in events if one["job"]["name"] == "policy" and one["outputs"]]
    columns = {field["name"] for field in policy["facets"]["schema"]["fields"]}
    assert set(policy["facets"]["columnLineage"]["fields"]) == columns
    assert policy["outputFacets"]["outputStatistics"]["rowCount"] == demo.newest.release.rows["policy"]
