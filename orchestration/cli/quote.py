"""`stockplan quote`: one question to what can be promised, answered from the release and what came since."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from optimization.errors import StockplanError
from orchestration.cli import console

if TYPE_CHECKING:
    from optimization.promising.quoting import Offer
    from orchestration.evidence.orders.quotes import Answered, UnitsFound
    from orchestration.lake.paths import Lake


def quote(
    item: Annotated[str | None, typer.Option(help="Item id.")] = None,
    location: Annotated[str | None, typer.Option(help="Where it is wanted.")] = None,
    segment: Annotated[str | None, typer.Option(help="Customer segment; without it whoever asks.")] = None,
    units: Annotated[float, typer.Option(help="How many.")] = 1.0,
    wanted: Annotated[
        datetime | None,
        typer.Option("--date", formats=["%Y-%m-%d"], help="From when on; without it the business date."),
    ] = None,
    model: Annotated[str | None, typer.Option(help="A vehicle's model: asks for single units.")] = None,
    wish: Annotated[
        list[str] | None,
        typer.Option(help="What the unit must have, as color=red or option=TOW; as often as needed."),
    ] = None,
    limit: Annotated[int, typer.Option(min=1, help="Units to show.")] = 5,
    options: Annotated[
        str | None,
        typer.Option(help="A configuration to be built, with --model: options joined by |, or a file."),
    ] = None,
    market: Annotated[str | None, typer.Option(help="Market of the configuration.")] = None,
    plant: Annotated[str | None, typer.Option(help="Plant that is to build it; without it any.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One line of JSON.")] = False,
) -> None:
    """Say when so many units can be had and where from; a quote holds nothing."""
    from orchestration.evidence.orders.quotes import quote_base, quote_item, quote_units
    from orchestration.lake.ledger import Ledger
    from orchestration.lake.paths import Lake

    chosen = console.settings()
    lake = Lake(chosen.home.resolve())
    if options is not None:
        if item or location or wish or wanted or segment or units != 1.0:
            raise StockplanError("quote --options takes --model, --market and --plant; not what is in stock")
        _tell_build(lake, options, model, market, plant, as_json)
        return
    ledger = Ledger(lake.ledger_file)
    # The time of day on the installation's own date, as for operations.
    clock = datetime.now(UTC)
    now = datetime.combine(chosen.today or clock.date(), clock.timetz())
    if model is not None and (item or segment or wanted or units != 1.0):
        raise StockplanError(
            "--model asks for single units, there or coming; leave out --item, --segment, --date, --units"
        )
    if model is not None:
        base = quote_base(lake, "unit_atp")
        asked = _wishes(wish or [])
        _tell_units(quote_units(lake, ledger, chosen, model, asked, location, now, base, limit), as_json)
        return
    if item is None or location is None or wish:
        raise StockplanError(
            "quote needs --item and --location, or --model with any --wish COLUMN=VALUE, or --model with "
            "--options; not a mixture"
        )
    from optimization.promising.quoting import WHOLE_PLACE, Question

    base = quote_base(lake, "atp")
    day = base.as_of if wanted is None else max(wanted.date(), base.as_of)
    question = Question(item, location, segment or WHOLE_PLACE, units, day)
    _tell(quote_item(lake, ledger, chosen, question, now, base), as_json)


def _wishes(wish: list[str]) -> dict[str, str]:
    pairs = dict(one.split("=", 1) for one in wish if "=" in one)
    bad = [one for one in wish if "=" not in one]
    if bad or len(pairs) < len(wish):
        raise StockplanError(f"--wish {' '.join(bad or wish)}: write each as COLUMN=VALUE, each column once")
    return pairs


def _tell(told: Answered, as_json: bool) -> None:
    from optimization.reasons import REASONS

    if as_json:
        print(json.dumps(asdict(told), default=_plain))
        return
    found = told.quote
    asked = found.question
    whom = "" if asked.segment_id == "*" else f" for {asked.segment_id}"
    print(f"{asked.units:g} of {asked.item_id} at {asked.location_id}{whom} from {asked.wanted_date}")
    if found.offer is None:
        print(f"  cannot be promised: {found.reason_code}, {REASONS[found.reason_code]}")
    else:
        print(f"  promised {_offer(found.offer)}: {REASONS[found.reason_code]}")
    print(f"  there then: {found.units_now:g}; stock and supply of the place lack {found.shortage_units:g}")
    if len(found.parts) > 1 or (found.parts and found.parts[0].units < asked.units):
        print(
            "  in parts: "
            + "; ".join(f"{one.units:g} on {one.p90_date} ({one.promise_basis})" for one in found.parts)
        )
    for other in found.alternatives:
        print(f"  or {_offer(other)}")
    _tell_source(told.release_id, told.overlay_id, told.as_of, told.events_since, told.last_event_at)


def _offer(offer: Offer) -> str:
    source = f" from {offer.source_location_id}" if offer.promise_basis == "transfer" else ""
    cost = f", costs {offer.cost:,.2f}" if offer.cost else ""
    return f"{offer.p90_date}, expected {offer.p50_date} ({offer.promise_basis}{source}{cost})"


def _tell_units(told: UnitsFound, as_json: bool) -> None:
    if as_json:
        print(json.dumps(asdict(told), default=_plain))
        return
    print(f"{told.found} units can be promised" + (f", the first {len(told.offers)}:" if told.offers else ""))
    for one in told.offers:
        there = "" if one.arrival_p90_date is None else f", there {one.arrival_p90_date}"
        price = "" if one.list_price is None else f", {one.list_price:,.0f}"
        print(
            f"  {one.unit_id} at {one.location_id}: ready {one.ready_p90_date} (expected "
            f"{one.ready_p50_date}){there}{price}  {one.description}"
        )
    _tell_source(told.release_id, None, told.as_of, told.events_since, told.last_event_at)


def _tell_build(
    lake: Lake, options: str, model: str | None, market: str | None, plant: str | None, as_json: bool
) -> None:
    from optimization.reasons import REASONS
    from orchestration.evidence.orders.build_quotes import quote_build
    from orchestration.evidence.orders.configurations import read_wish

    wish = read_wish(options)
    asked = replace(wish, model=model or wish.model, market=market or wish.market)
    told = quote_build(lake, asked, plant)
    if as_json:
        print(json.dumps(told, default=_plain))
        return
    print(f"{told['model']} for {told['market']} with {told['options'] or 'no options'}")
    if told["build"] is None:
        print("  cannot be built: " + "; ".join(one["message"] for one in told["violations"]))
        for one in told["repairs"]:
            print(f"  repair: {one['message']}")
    else:
        build = told["build"]
        if build["week_start_date"] is None:
            print(f"  no slot: {build['reason_code']}, {REASONS[build['reason_code']]}")
        else:
            print(f"  built at {build['plant_id']} in the week of {build['week_start_date']:%Y-%m-%d}")
        if build["p90_date"] is not None:
            print(f"  handed over by {build['p90_date']:%Y-%m-%d}, expected {build['p50_date']:%Y-%m-%d}")
        print(f"  lead time class {build['lead_time_class']}")
    price = told["quoted"]
    parts = [f"options {price['options_price']:,.2f}"]
    if price["base_price"] is not None:
        parts.append(f"without options {price['base_price']:,.2f}")
    if price["fees"] is not None:
        parts.append(f"fees {price['fees']:,.2f}")
    total = "not known" if price["total"] is None else f"{price['total']:,.2f}"
    like = f", as order {price['like_order_id']} was quoted" if price["like_order_id"] else ""
    print(f"  price {total} ({', '.join(parts)}{like})")
    if price["unpriced"]:
        print(f"  without a price: {', '.join(price['unpriced'])}")
    print(f"  as of {told['as_of']}, release {told['release_id']}. Nothing is held.")


def _tell_source(release: str, overlay: str | None, as_of: date, since: int, last: str | None) -> None:
    lies = f" with overlay {overlay}" if overlay else ""
    ends = f", the last at {last}" if last else ""
    print(f"  as of {as_of}, release {release}{lies}; {since} events since{ends}. Nothing is held.")


def _plain(value: Any) -> str:
    return value.isoformat() if isinstance(value, date) else str(value)
