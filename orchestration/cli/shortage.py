"""`stockplan allocation week`: a week of scarce stock, who got what, why, and what fairness cost."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from orchestration.cli.console import console, open_pipeline, print_table

if TYPE_CHECKING:
    import pandas as pd

_SEGMENTS = {
    "segment_name": "segment",
    "priority_tier": "tier",
    "wanted_units": "wants",
    "guaranteed_units": "guaranteed",
    "quota_units": "has",
    "unmet_units": "unmet",
    "own_units": "took of its own",
    "borrowed_units": "borrowed",
    "refused_units": "refused",
}
_DAYS = {
    "as_of": "date",
    "segment_id": "segment",
    "demand_units": "wants",
    "guaranteed_units": "guaranteed",
    "allocated_units": "has",
    "own_units": "took of its own",
    "borrowed_units": "borrowed",
    "refused_units": "refused",
    "unmet_units": "unmet",
    "why": "why",
}
_WAYS = {
    "optimal": "optimal",
    "rules": "rules of the plans in force",
    "highest_value": "highest margin first",
    "first_come": "first come, first served",
    "turn_and_earn": "as sold lately",
    "balanced_days": "equal days of supply",
}


def week(
    item: Annotated[str | None, typer.Option(help="Item id; without it the tightest pool.")] = None,
    location: Annotated[str | None, typer.Option("--location", help="Location id.")] = None,
) -> None:
    """Show the last seven published dates: who got what of scarce stock, why, what fairness cost."""
    from orchestration.evidence.allocation.shortage_week import shortage_week

    told = shortage_week(open_pipeline().lake, item, location)
    first, last = told.releases[0], told.releases[-1]
    pool = told.pool.iloc[0]
    _print(
        f"Segments, {first.as_of} to {last.as_of} ({len(told.releases)} dates): wants, has and unmet on the "
        "last, the rest in all",
        _SEGMENTS,
        told.segments,
    )
    _print(f"{pool['item_id']} at {pool['location_id']}, day by day", _DAYS, told.pool)
    fairness = told.fairness.assign(
        allocation_method=told.fairness["allocation_method"]
        .map(_WAYS)
        .fillna(told.fairness["allocation_method"])
    )
    names = {str(name): str(name) for name in fairness if str(name).startswith("fill ")}
    _print(
        f"The stock of {last.as_of} shared in other ways: fill by segment, the worst of them, margin",
        {
            "allocation_method": "shared by",
            **names,
            "served_units": "served",
            "min_fill_rate": "worst fill",
            "gini": "inequality",
            "served_value": "margin",
            "price_of_fairness": "gives up (less: earns)",
        },
        fairness,
    )


def _print(title: str, columns: dict[str, str], frame: pd.DataFrame) -> None:
    shown = frame[list(columns)].astype(object)
    if "as_of" in shown:
        shown["as_of"] = frame["as_of"].dt.date
    print_table(
        title, list(columns.values()), shown.where(frame[list(columns)].notna(), None).values.tolist()
    )
    console.print()
