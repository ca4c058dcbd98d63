"""The dbt project as a whole: its rules, read from the manifest, and every dbt unit test, run once."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from optimization.contracts.history_tables import HISTORY_TABLES
from optimization.contracts.inputs import INPUTS
from optimization.contracts.outputs import OUTPUTS
from orchestration.contracts.arrow import arrow_schema
from orchestration.contracts.raw import RAW_TABLES
from orchestration.contracts.registry import CONTEXT_TABLES
from orchestration.lake.inputs import sealed_schema

PROJECT = Path(__file__).resolve().parents[2] / "dbt_project"
STAGES = {"marts", "published"}

# Models without a rule of their own: they rename, cast, count or join on keys.
WITHOUT_RULES = {
    "dim_item",
    "dim_location",
    "dim_supplier",
    "fct_stock_daily",
    "fct_movements",
    "fct_order_lines",
    "fct_supply_orders",
    "fct_ageing_layers",
    "fct_inventory_position",
    "opt_in__segment",
    "opt_in__allocation_rule",
    "opt_in__item_relation",
    "fct_mto_orders",
    "opt_in__config_option",
    "opt_in__milestone_template",
    "opt_in__factory_acknowledgement",
    "policy",
    "policy_change",
    "approval",
    "policy_override",
    "review_calendar",
    "demand_plan_approval",
    "policy_input",
    "policy_reason",
    "override_outcome",
    "policy_schedule",
    "service_control",
    "demand_model",
    "forecast",
    "lead_time",
    "lead_time_quantile",
    "supplier_scorecard",
    "supply_expectation",
    "demand_effect",
    "seasonal_index",
    "segment_forecast",
    "mix_target",
    "annual_plan",
    "annual_plan_price",
    "scenario_frontier",
    "replenishment_order",
    "transfer_order",
    "transfer_unit",
    "explanation",
    "network_row",
    "network_baseline",
    "allocation",
    "allocation_plan",
    "allocation_ledger",
    "borrow_ledger",
    "reservation",
    "rebalance_run",
    "fairness",
    "order_segment",
    "atp",
    "inventory_audit",
    "solver_run",
    "inventory_position",
    "kpi",
    "kpi_catalogue",
    "mto_order_fact",
    "capability",
    "method_choice",
    "unit_reservation",
    "unit_reservation_entry",
    "unit_atp",
    "capable_to_promise",
    "delivery_promise",
    "customer_match",
    "match_outcome",
    "match_weight",
    "stock_unit_review",
    "substitution_offer",
    "order_check",
    "rule_check",
    "stage_duration",
    "mto_slot_assignment",
    "slot_load",
    "expedite_option",
    "mto_order_status",
    "mto_milestone",
    "mto_promise",
    "mto_change_impact",
    "factory_order_outbox",
    "notification_outbox",
    "order_tracking",
    "int_exception_kinds",
    "int_risk_kinds",
    "exception_resolved",
    "weekly_review",
}

# Their rules are run by `test_scorecard.py` on the evidence of three companies.
SCORECARD = {
    "calendar_use",
    "recommended_action",
    "scorecard_area",
    "scorecard_check",
    "scorecard_trend",
}

pytestmark = pytest.mark.integration


def _dbt(*arguments: str, target: Path) -> Any:
    from dbt.cli.main import dbtRunner

    return dbtRunner().invoke(
        [
            *arguments,
            "--project-dir",
            str(PROJECT),
            "--profiles-dir",
            str(PROJECT),
            "--target-path",
            str(target),
            "--log-path",
            str(target / "logs"),
            "--quiet",
        ]
    )


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A target folder of this module; the project is parsed into it once."""
    return tmp_path_factory.mktemp("dbt_target")


@pytest.fixture(scope="module")
def manifest(target: Path) -> Any:
    """The parsed project."""
    result = _dbt("parse", target=target)
    assert result.success, result.exception
    return result.result


@pytest.fixture(scope="module")
def models(manifest: Any) -> dict[str, Any]:
    """Models by name."""
    return {node.name: node for node in manifest.nodes.values() if node.resource_type == "model"}


def _folder(model: Any) -> str:
    return str(Path(model.original_file_path).parent.relative_to("models"))


def _is_published(model: Any) -> bool:
    return _folder(model) == "published"


def test_every_model_is_in_exactly_one_stage(models: dict[str, Any]):
    stages = {name: STAGES & set(model.tags) for name, model in models.items()}
    assert {name for name, found in stages.items() if len(found) != 1} == set()


def test_every_data_test_is_in_exactly_one_stage(manifest: Any):
    for node in manifest.nodes.values():
        if node.resource_type != "test":
            continue
        tested = {
            stage
            for parent in node.depends_on.nodes
            for stage in STAGES & set(manifest.nodes[parent].tags if parent in manifest.nodes else ())
        }
        assert len(STAGES & set(node.tags)) == 1 or len(tested) == 1, f"{node.name} spans both stages"


def test_the_first_stage_knows_nothing_of_the_second(manifest: Any, models: dict[str, Any]):
    published = {model.unique_id for model in models.values() if "published" in model.tags}
    for name, model in models.items():
        parents = set(model.depends_on.nodes)
        if "marts" in model.tags:
            assert not parents & published, f"{name} reads what comes after it"
        if not _folder(model).startswith("staging"):
            assert not [parent for parent in parents if parent.startswith("source.")], f"{name} skips staging"
        assert not [
            parent
            for parent in parents
            if parent in published
            and _folder(model) == "published"
            and not parent.startswith(
                ("model.stockplan.stg_", "model.stockplan.int_", "model.stockplan.kpi_")
            )
        ], f"{name} reads another published table"


def test_staging_reads_sources_and_the_run_alone(models: dict[str, Any]):
    allowed = {"model.stockplan.stg_ims__run_context"}
    for name, model in models.items():
        if _folder(model).startswith("staging"):
            others = {p for p in model.depends_on.nodes if not p.startswith("source.")}
            assert others <= allowed, f"{name} joins in staging"


def test_no_test_stands_on_a_source(manifest: Any):
    """Dagster would exempt the stage from all blocking checks of that asset."""
    for node in manifest.nodes.values():
        if node.resource_type == "test":
            assert not [parent for parent in node.depends_on.nodes if parent.startswith("source.")], node.name


def test_names_follow_the_folder(models: dict[str, Any]):
    prefixes = {
        "staging/ims": ("stg_ims__",),
        "staging/science": ("stg_science__",),
        "staging/history": ("stg_history__",),
        "intermediate": ("int_",),
        "marts/kpi": ("kpi_",),
        "marts": ("dim_", "fct_"),
        "borders": ("opt_in__",),
    }
    for name, model in models.items():
        folder = _folder(model)
        wanted = next((value for key, value in prefixes.items() if folder.startswith(key)), None)
        if wanted is None:
            assert folder == "published" and not re.match(r"(stg|int|dim|fct|opt_in)_", name)
        else:
            assert name.startswith(wanted), f"{name} lies in {folder}"


def test_every_model_states_its_grain(models: dict[str, Any]):
    for name, model in models.items():
        if _folder(model) == "borders":
            assert "Key: " in model.description
        else:
            assert model.description.startswith("One row"), f"{name}: {model.description[:60]!r}"


def test_what_leaves_the_marts_has_an_enforced_and_described_contract(models: dict[str, Any]):
    for name, model in models.items():
        if _folder(model).startswith(("marts", "borders", "published")):
            assert model.config.contract.enforced, name
            assert model.columns, name
            for column in model.columns.values():
                assert column.data_type, f"{name}.{column.name} has no type"
                assert column.description, f"{name}.{column.name} has no description"


def test_published_tables_are_public_versioned_and_list_their_columns(models: dict[str, Any]):
    published = {name: model for name, model in models.items() if _is_published(model)}
    assert set(published) == {
        "policy",
        "policy_change",
        "approval",
        "policy_override",
        "review_calendar",
        "demand_plan_approval",
        "policy_schedule",
        "forecast",
        "lead_time",
        "lead_time_quantile",
        "supplier_scorecard",
        "supply_expectation",
        "demand_effect",
        "seasonal_index",
        "segment_forecast",
        "mix_target",
        "annual_plan",
        "annual_plan_price",
        "scenario_frontier",
        "replenishment_order",
        "transfer_order",
        "transfer_unit",
        "explanation",
        "network_row",
        "network_baseline",
        "allocation",
        "allocation_ledger",
        "allocation_plan",
        "allocation_rollup",
        "atp",
        "borrow_ledger",
        "fairness",
        "inventory_audit",
        "order_segment",
        "rebalance_run",
        "reservation",
        "segment_performance",
        "supply_audit",
        "solver_run",
        "inventory_position",
        "inventory_aging",
        "location",
        "kpi",
        "kpi_catalogue",
        "plan_vs_actual",
        "exception",
        "exception_resolved",
        "risk_register",
        "weekly_review",
        "market_position",
        "capability",
        "policy_backtest",
        "policy_input",
        "policy_reason",
        "override_outcome",
        "forecast_accuracy",
        "forecast_bias",
        "forecast_value_added",
        "method_choice",
        "service_control",
        "demand_model",
        "mto_order_fact",
        "unit_hold",
        "capable_to_promise",
        "customer_match",
        "delivery_promise",
        "expedite_option",
        "factory_order_outbox",
        "match_outcome",
        "match_weight",
        "mto_change_impact",
        "mto_event_set_aside",
        "mto_milestone",
        "mto_order_status",
        "mto_promise",
        "mto_slot_assignment",
        "notification_outbox",
        "order_check",
        "order_tracking",
        "rule_check",
        "slot_load",
        "stage_duration",
        "stock_unit_review",
        "substitution_offer",
        "unit_atp",
        "unit_reservation",
        "unit_reservation_entry",
        "policy_run",
        "calendar_use",
        "recommended_action",
        "scorecard_area",
        "scorecard_check",
        "scorecard_trend",
        "purchase_lane",
    }
    for name, model in published.items():
        assert model.access.value == "public"
        # Who owns a table is its group.
        assert model.config.group not in {"ims", "marts", "published"}, name
        assert model.version == 1
        assert model.alias == name
        assert next(iter(model.columns)) == "as_of"
        last_select = model.raw_code.rsplit("\nselect", 1)[1]
        assert not re.match(r"\s*\*", last_select), f"{name} publishes select *"
    private = {
        name for name, model in models.items() if not _is_published(model) and model.access.value == "public"
    }
    assert private == set()


def test_exposures_stand_on_published_tables_alone_and_cover_them(manifest: Any, models: dict[str, Any]):
    published = {model.unique_id for model in models.values() if _is_published(model)}
    exposed: set[str] = set()
    for exposure in manifest.exposures.values():
        assert exposure.owner.email
        assert set(exposure.depends_on.nodes) <= published
        exposed |= set(exposure.depends_on.nodes)
    assert exposed == published


def test_borders_are_the_contracts_columns(models: dict[str, Any]):
    for table in INPUTS:
        assert tuple(models[table.name].columns) == table.column_names


def test_every_published_and_border_table_is_exported(models: dict[str, Any]):
    for name, model in models.items():
        hooks = [hook.sql for hook in model.config.post_hook]
        exported = any("export_parquet" in hook for hook in hooks)
        assert exported == _folder(model).startswith(("borders", "published")), name


def test_every_model_with_a_rule_has_a_unit_test(manifest: Any, models: dict[str, Any]):
    tested = {test.model for test in manifest.unit_tests.values()}
    with_rules = {
        name
        for name, model in models.items()
        if not _folder(model).startswith(("staging", "intermediate/scorecard"))
    } - SCORECARD
    assert with_rules - tested == WITHOUT_RULES


def test_published_tables_have_a_key(manifest: Any, models: dict[str, Any]):
    keyed = {
        manifest.nodes[node.attached_node].name
        for node in manifest.nodes.values()
        if getattr(getattr(node, "test_metadata", None), "name", None) == "is_key"
    }
    assert {name for name, model in models.items() if _is_published(model)} <= keyed


def test_no_model_adds_doubles(models: dict[str, Any]):
    """A sum of doubles depends on the order of threads; sums are of decimals and counts."""
    for name, model in models.items():
        assert not re.search(r"\bavg\(", model.raw_code), name
        assert not re.search(r"sum\(\s*cast\([^()]* as double\)", model.raw_code), name


@pytest.fixture(scope="module")
def empty_build(target: Path, manifest: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A work folder in which every model exists without a row: what dbt unit tests need."""
    work = tmp_path_factory.mktemp("dbt_work")
    (work / "export").mkdir()
    schemas = {table.source_name: sealed_schema(table) for table in RAW_TABLES}
    schemas |= {table.name: arrow_schema(table) for table in (*CONTEXT_TABLES, *HISTORY_TABLES, *OUTPUTS)}
    rows = []
    for name, schema in schemas.items():
        path = work / f"{name}.parquet"
        pq.write_table(schema.empty_table(), path)
        rows.append({"table_name": name, "path": str(path)})
    pq.write_table(pa.Table.from_pylist(rows), work / "inputs.parquet")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("STOCKPLAN_WORK", str(work))
        result = _dbt("run", target=target)
        assert result.success, [row.message for row in result.result if row.status != "success"]
    return work


def test_an_empty_source_builds(empty_build: Path):
    """Without a row, not even a business date, every model builds and every export has its columns."""
    for table in INPUTS:
        exported = pq.read_schema(empty_build / "export" / f"{table.name}.parquet")
        assert tuple(exported.names) == table.column_names


def test_every_dbt_unit_test_passes(empty_build: Path, target: Path, manifest: Any):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("STOCKPLAN_WORK", str(empty_build))
        result = _dbt("test", "--select", "resource_type:unit_test", target=target)
    verdicts = {row.node.name: row for row in result.result if row.node.resource_type == "unit_test"}
    assert {name: row.message for name, row in verdicts.items() if row.status != "pass"} == {}
    assert len(verdicts) == len(manifest.unit_tests)


def test_a_source_that_is_not_listed_is_named(target: Path, manifest: Any, tmp_path: Path):
    pq.write_table(
        pa.table({"table_name": pa.array([], pa.string()), "path": pa.array([], pa.string())}),
        tmp_path / "inputs.parquet",
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("STOCKPLAN_WORK", str(tmp_path))
        result = _dbt("run", "--select", "stg_ims__item", target=target)
    assert not result.success
    problem = str(result.exception) + " ".join(str(row.message) for row in (result.result or []))
    assert "Source table item is not listed in" in problem
