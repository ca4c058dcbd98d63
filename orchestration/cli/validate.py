"""`stockplan validate`: whether a configuration can be built, and if not, what to change."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Annotated, Any

import typer

from orchestration.cli.console import console, open_pipeline, print_table

_OPTIONS_SHOWN = 6


def validate(
    config: Annotated[
        str,
        typer.Argument(
            help="Options joined by , or |; or a YAML or JSON file with options, model, market, date."
        ),
    ],
    model: Annotated[str | None, typer.Option(help="Model; rules of single models need it.")] = None,
    market: Annotated[str | None, typer.Option(help="Market; rules of single markets need it.")] = None,
    day: Annotated[
        str | None, typer.Option("--date", help="Rules of this day, as 2024-01-31; else the release's.")
    ] = None,
    lock: Annotated[
        list[str] | None, typer.Option(help="Option that repairs leave as it is; may be given again.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="The answer as JSON.")] = False,
) -> None:
    """Check a configuration against the rules of the current release; exit code 1 if it cannot be built."""
    from orchestration.evidence.orders.configurations import check_configuration, read_day, read_wish

    wish = read_wish(config)
    wish = replace(
        wish,
        model=model or wish.model,
        market=market or wish.market,
        date=read_day(day) or wish.date,
        locked=wish.locked | set(lock or ()),
    )
    answer = check_configuration(open_pipeline().lake, wish)
    if as_json:
        typer.echo(json.dumps(answer, indent=2, ensure_ascii=False))
    else:
        _print(answer)
    if not answer["is_buildable"]:
        raise typer.Exit(1)


def _print(answer: dict[str, Any]) -> None:
    if answer["is_buildable"]:
        console.print("[bold green]Can be built.[/bold green]")
    else:
        count = len(answer["violations"])
        console.print(f"[bold red]Cannot be built[/bold red]: {count} violation{'s' if count > 1 else ''}.")
        print_table(
            "What is wrong",
            ["rule", "options involved", "message"],
            [(_rule(one), _few(one["options"]), one["message"]) for one in answer["violations"]],
        )
        _print_repairs(answer)
    price = answer["price"]
    parts = ", ".join(f"{option} {amount:,.2f}" for option, amount in price["options"].items())
    console.print(
        f"Price of the options {price['options_total']:,.2f}{f' ({parts})' if parts else ''}", markup=False
    )
    if price["total"] is not None:
        console.print(f"Price in all {price['total']:,.2f}, {price['base_price']:,.2f} of it without options")
    if price["unpriced"]:
        console.print(f"Without a price: {', '.join(price['unpriced'])}", markup=False)
    console.print(f"Lead time class {answer['lead_time_class']}")
    versions = ", ".join(f"{rule} v{version}" for rule, version in answer["rule_versions"].items())
    whom = f"Market {answer['market']}, model {answer['model']}"
    console.print(f"{whom}, rules of {answer['date']}: {versions or 'none'}", markup=False)
    console.print(f"As of {answer['as_of']}, release {answer['release_id']}")


def _print_repairs(answer: dict[str, Any]) -> None:
    if not answer["repairs"]:
        console.print("No change of what is not locked makes it buildable.")
        return
    print_table(
        "Smallest repairs" if answer["is_every_repair_proven"] else "Repairs; there may be smaller ones",
        ["change", "price"],
        [
            (one["message"], "unknown" if one["price_delta"] is None else f"{one['price_delta']:+,.2f}")
            for one in answer["repairs"]
        ],
    )


def _few(options: list[str]) -> str:
    """The first options by name; a rule may be about all colours there are, and --json has them all."""
    more = len(options) - _OPTIONS_SHOWN
    return ", ".join(options[:_OPTIONS_SHOWN]) + (f" and {more} more" if more > 0 else "")


def _rule(violation: dict[str, Any]) -> str:
    if violation["rule_id"] is None:
        return str(violation["reason_code"])
    return f"{violation['rule_id']} v{violation['rule_version']}"
