"""The dbt YAML of the borders is what the Python contracts say, and nothing else."""

from __future__ import annotations

from pathlib import Path

import typer
import yaml
from click.testing import Result
from typer.testing import CliRunner

from optimization.contracts.inputs import INPUTS
from optimization.contracts.outputs import OUTPUTS
from orchestration.contracts import rendering
from orchestration.contracts.raw import RAW_TABLES
from orchestration.contracts.registry import CONTEXT_TABLES


def run(models: Path, *arguments: str) -> Result:
    """Run the module's command line on a folder of models."""
    app = typer.Typer()
    app.command()(rendering.main)
    return CliRunner().invoke(app, ["--models", str(models), *arguments])


def test_committed_yaml_is_what_the_contracts_say():
    assert rendering.differences() == "", f"run: {rendering.COMMAND}"


def test_every_rendered_file_says_that_it_is_written_by_machine():
    for render in rendering.RENDERED.values():
        first_line = render().splitlines()[0]
        assert "do not edit" in first_line
        assert rendering.COMMAND in first_line


def test_ims_sources_are_the_raw_tables_and_what_a_run_says_of_itself():
    (source,) = yaml.safe_load(rendering.render_ims_sources())["sources"]
    names = [table["name"] for table in source["tables"]]
    assert names == [*(table.source_name for table in RAW_TABLES), *(table.name for table in CONTEXT_TABLES)]
    item = source["tables"][0]
    assert item["config"]["meta"]["dagster"]["asset_key"] == ["raw__item"]
    assert item["columns"][-1]["name"] == "snapshot_date"


def test_no_source_carries_a_data_test():
    """A test on a source would switch off the blocking checks of that asset for a whole dbt stage."""
    for render in (rendering.render_ims_sources, rendering.render_science_sources):
        text = render()
        assert "data_tests" not in text
        assert "tests:" not in text


def test_freshness_is_declared_for_sealed_tables_only():
    (source,) = yaml.safe_load(rendering.render_ims_sources())["sources"]
    assert source["config"]["loaded_at_field"] == "loaded_at"
    context_names = {table.name for table in CONTEXT_TABLES}
    for table in source["tables"]:
        switched_off = table["config"].get("freshness", "inherited") is None
        assert switched_off == (table["name"] in context_names)


def test_border_models_have_enforced_contracts_in_the_order_of_the_columns():
    models = {model["name"]: model for model in yaml.safe_load(rendering.render_border_models())["models"]}
    assert list(models) == [table.name for table in INPUTS]
    for table in INPUTS:
        model = models[table.name]
        assert model["config"]["contract"] == {"enforced": True}
        assert tuple(column["name"] for column in model["columns"]) == table.column_names
        assert all(column["data_type"] and column["description"] for column in model["columns"])


def test_science_sources_are_the_outputs():
    (source,) = yaml.safe_load(rendering.render_science_sources())["sources"]
    assert [table["name"] for table in source["tables"]] == [table.name for table in OUTPUTS]


def test_check_fails_with_the_repair_when_a_file_was_edited(tmp_path: Path):
    assert run(tmp_path).exit_code == 0
    assert run(tmp_path, "--check").exit_code == 0

    edited = tmp_path / "borders" / "_opt_in.yml"
    edited.write_text(edited.read_text().replace("data_type: double", "data_type: float", 1))
    result = run(tmp_path, "--check")

    assert result.exit_code == 1
    assert "-    data_type: float" in result.output
    assert f"Run: {rendering.COMMAND}" in result.output


def test_check_fails_when_a_file_is_missing(tmp_path: Path):
    assert run(tmp_path, "--check").exit_code == 1
