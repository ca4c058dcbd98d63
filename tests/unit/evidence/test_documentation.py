"""Every published column says what it means, how it is computed, who answers and where it comes from."""

from __future__ import annotations

import importlib
from collections.abc import Iterator

import pytest

from optimization.contracts.outputs import OUTPUTS
from orchestration.contracts.registry import BORDER_BY_NAME, CONTEXT_TABLES
from orchestration.evidence.lineage.columns import column_lineage
from orchestration.evidence.lineage.formulas import column_formulas
from orchestration.evidence.lineage.makers import MAKERS
from orchestration.evidence.tables import EVIDENCE_FORMULAS
from orchestration.project import dbt_manifest, published_models

CONTEXT = {table.name for table in CONTEXT_TABLES}


def _published() -> Iterator[tuple[dict, dict]]:
    names = published_models()
    for node in dbt_manifest()["nodes"].values():
        if node["resource_type"] == "model" and node["alias"] in names:
            for column in node["columns"].values():
                yield node, column


def test_no_published_column_without_description_formula_and_owner() -> None:
    formulas = column_formulas()
    owners = {group["name"] for group in dbt_manifest()["groups"].values()}
    lacking = [
        f"{node['alias']}.{column['name']}"
        for node, column in _published()
        if len(column["description"]) < 4
        or not formulas.get((node["alias"], column["name"]))
        or node["config"]["group"] not in owners - {"published", "marts", "ims"}
    ]
    assert lacking == []
    assert all(EVIDENCE_FORMULAS.values())


def test_a_formula_is_one_readable_line_and_names_no_unknown_table() -> None:
    for (table, column), formula in column_formulas().items():
        assert "\n" not in formula
        assert formula != column, f"{table}.{column} is said to be itself"


# What people look at first, and an auditor calculates again.
IN_WORDS = {
    "policy": "reorder_point_units order_up_to_units order_quantity_units eoq_units planned_service "
    "expected_fill_rate expected_stock_units expected_cost_per_year change_value abc_class",
    "exception": "value_at_risk counted_value_at_risk quantity_units exception_rank attention days_open",
    "kpi": "value numerator denominator n",
    "replenishment_order": "replenish_units need_date order_gain expected_service_with scarcity_charge",
    "transfer_order": "transfer_units transfer_cost destination_value source_value net_gain",
    "allocation": "allocated_units allocatable_units borrowable_units available_units unmet_units",
    "delivery_promise": "promise_p50_date promise_p90_date first_promise_date handover_date",
    "inventory_position": "on_hand_units reserved_units on_order_units inventory_position_units "
    "owned_value position_after_units expected_cost_after",
}


@pytest.mark.parametrize("table", IN_WORDS)
def test_the_main_numbers_say_in_words_how_they_are_made(table: str) -> None:
    formulas = column_formulas()
    for column in IN_WORDS[table].split():
        formula = formulas[(table, column)]
        assert "computed by" not in formula and "by kind of row" not in formula, (table, column)
        assert not formula.endswith("…"), f"{table}.{column} is cut"


@pytest.mark.parametrize("table", [one.name for one in OUTPUTS])
def test_every_table_of_the_science_names_the_function_that_makes_it(table: str) -> None:
    module, _, function = MAKERS[table].rpartition(".")
    assert callable(getattr(importlib.import_module(module), function))


def test_every_published_column_reaches_the_source_the_ledger_the_settings_or_a_stated_list() -> None:
    """Column by column, through dbt and through Python, to something that was not computed."""
    # A model that reads nothing, such as the kinds of risk, is a list that the project states itself.
    stated = {
        node["alias"]
        for node in dbt_manifest()["nodes"].values()
        if node["resource_type"] == "model" and not node["depends_on"]["nodes"]
    }
    inputs: dict[tuple[str, str], set[tuple[str, str]]] = {}
    columns: dict[str, set[str]] = {}
    for edge in column_lineage():
        inputs.setdefault((edge.output_table, edge.output_column), set()).add(
            (edge.input_table, edge.input_column)
        )
        columns.setdefault(edge.output_table, set()).add(edge.output_column)

    def ends(table: str) -> bool:
        return table in CONTEXT | stated or table.startswith(("raw__", "ledger__", "past__"))

    # From the ends upwards: a column is grounded when one of its inputs is.
    grounded: set[tuple[str, str]] = set()
    whole: set[str] = set()
    grew = True
    while grew:
        before = len(grounded)
        for output, found in inputs.items():
            if output not in grounded and any(
                ends(table) or one in grounded or (one[1] == "*" and table in whole)
                for one in found
                for table in (one[0],)
            ):
                grounded.add(output)
                whole.add(output[0])
        grew = len(grounded) > before
    lost = [
        f"{node['alias']}.{column['name']}"
        for node, column in _published()
        if (node["name"], column["name"]) not in grounded
    ]
    assert lost == []
    # What an edge names exists: a border's column, or one that a model makes.
    for edge in column_lineage():
        if edge.input_column != "*" and edge.input_table in BORDER_BY_NAME:
            border = BORDER_BY_NAME[edge.input_table]
            assert edge.input_column in {*border.column_names, "snapshot_date"}, edge
