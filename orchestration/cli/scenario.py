"""`stockplan scenario`: what would come of other terms, played on the same random paths."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from orchestration.cli.console import console, open_pipeline, print_table

if TYPE_CHECKING:
    import pandas as pd

    from orchestration.evidence.scenarios import Kept

scenario = typer.Typer(
    help="Scenarios: service, cost of capital, lead times, demand, minimums, budget, capacity and outages "
    "other than they are. Nothing of them is published.",
    no_args_is_help=True,
)

Named = Annotated[str, typer.Argument(help="Scenario id, its beginning, or the name.")]
# Told in this order, under these names.
_FIGURES = {
    "fill_rate": "fill",
    "average_stock_value": "stock value",
    "orders_per_year": "orders/year",
    "holding_cost_per_year": "holding/year",
    "order_cost_per_year": "ordering/year",
    "shortage_cost_per_year": "shortage/year",
    "cost_per_year": "cost/year",
    "lost_margin_per_year": "lost margin/year",
}


@scenario.command("run")
def run(
    file: Annotated[Path, typer.Argument(help="YAML with name and overrides; see docs/scenarios.md.")],
    series: Annotated[
        int, typer.Option(min=30, help="Most item-locations that are played; the others are stood for.")
    ] = 20_000,
) -> None:
    """Play a scenario and its baseline on the current release's inputs, and say what differs."""
    from orchestration.defs.policy.assets import parameters_of
    from orchestration.evidence.scenarios import compare, run_file

    pipeline = open_pipeline()
    parameters = parameters_of(pipeline.settings.policy)
    found, baseline = run_file(file, pipeline.lake, parameters, series)
    console.print(f"[bold green]Played[/bold green] {_title(found)}\nFiles: {found.folder}", soft_wrap=True)
    frame, path = compare(baseline, found, pipeline.lake)
    _print_differences(frame, baseline, found)
    console.print(f"All scopes: {path}")


@scenario.command("compare")
def compare_two(one: Named, other: Named) -> None:
    """Show how the second scenario differs from the first, with intervals of the paired differences."""
    from orchestration.evidence.scenarios import compare, kept_scenario

    lake = open_pipeline().lake
    first, second = kept_scenario(one, lake), kept_scenario(other, lake)
    frame, path = compare(first, second, lake)
    _print_differences(frame, first, second)
    console.print(f"All scopes: {path}")


@scenario.command("list")
def list_scenarios() -> None:
    """List every scenario that was played."""
    from orchestration.evidence.scenarios import kept_scenarios

    found = kept_scenarios(open_pipeline().lake)
    if not found:
        console.print("There is no scenario yet. Play one with: stockplan scenario run FILE.yaml")
        return
    rows = []
    for one in found:
        network = one.by_scope.iloc[0]
        rows.append(
            (
                one.scenario_id,
                one.manifest["scenario"]["name"],
                one.manifest["inputs"]["release_id"],
                network["fill_rate"],
                network["average_stock_value"],
                network["cost_per_year"],
            )
        )
    print_table("Scenarios", ["id", "name", "release", "fill", "stock value", "cost/year"], _plain(rows))


@scenario.command("show")
def show(named: Named) -> None:
    """Show what a scenario came to, by scope."""
    from orchestration.evidence.scenarios import kept_scenario

    found = kept_scenario(named, open_pipeline().lake)
    columns = [
        "scope_type", "scope_id", "series_count", "fill_rate", "fill_rate_low", "fill_rate_high",
        "average_stock_value", "peak_cash", "orders_per_year", "cost_per_year", "lost_margin_per_year",
        "aged_value_share",
    ]  # fmt: skip
    console.print(_title(found))
    rows = found.by_scope[columns].astype(object)
    print_table(
        "By scope", [name.replace("_", " ") for name in columns], _plain(rows.itertuples(index=False))
    )


def _print_differences(frame: pd.DataFrame, one: Kept, other: Kept) -> None:
    network = frame[frame["scope_type"] == "network"].set_index("figure")
    told = ("value_a", "value_b", "difference", "difference_low", "difference_high")
    rows = [(label, *(network.at[name, column] for column in told)) for name, label in _FIGURES.items()]
    names = [str(each.manifest["scenario"]["name"]) for each in (one, other)]
    print_table(
        f"The network: {names[1]} against {names[0]}",
        ["", names[0], names[1], "difference", "95 % from", "to"],
        _plain(rows),
    )
    # Of the categories those whose fill moves most; a tie goes by name.
    categories = frame[(frame["scope_type"] == "category") & (frame["figure"] == "fill_rate")]
    moved = categories.assign(size=-categories["difference"].abs().fillna(0.0)).sort_values(
        ["size", "scope_id"], kind="stable"
    )
    moved = moved[moved["difference"].abs() > 0].head(8)
    if len(moved):
        columns = ["scope_id", *told]
        print_table(
            "Fill by category, the most moved first",
            ["category", names[0], names[1], "difference", "95 % from", "to"],
            _plain(moved[columns].itertuples(index=False)),
        )


def _title(found: Kept) -> str:
    inputs = found.manifest["inputs"]
    return (
        f"{found.scenario_id} ({found.manifest['scenario']['name']}): {inputs['series']:,} item-locations of "
        f"release {inputs['release_id']}, seed {found.manifest['scenario']['seed']}"
    )


def _plain(rows: object) -> list[list[object]]:
    """Numbers as plain values, shares with four decimals; what is missing is None."""
    import pandas as pd

    told: list[list[object]] = []
    for row in rows:  # type: ignore[attr-defined]
        values: list[object] = []
        for value in row:
            if value is None or (isinstance(value, float) and pd.isna(value)):
                values.append(None)
            elif isinstance(value, float) and abs(value) <= 1:
                values.append(f"{value:.4f}")
            else:
                values.append(value)
        told.append(values)
    return told
