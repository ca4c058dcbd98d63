"""Run `python -m tests.benchmarks.parts --data FILE --lead-time L --review R [--freq M|W]`.

FILE is any parquet or CSV of items × periods. The model is learnt and every rule is tuned on the
earlier part; the later part is scored once: accuracy, coverage, achieved service, stock at equal
fill and cost beside every tuned baseline, in a system with backorders and one with lost sales.
Prints tables and writes one JSON object to `--out`, or to standard output after the tables.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from optimization.demand.pooled import fit_pooled_model
from tests.benchmarks import parts_accuracy as accuracy
from tests.benchmarks import parts_policies as policies
from tests.benchmarks.parts_data import Parts, UnusableFileError, read_parts


def score(parts: Parts, arguments: argparse.Namespace) -> dict[str, Any]:
    """Everything the benchmark reports, as one object."""
    panel, end = parts.panel, parts.tuning_end
    interval = np.full(panel.n, float(arguments.lead_time + arguments.review))
    start = time.process_time()
    model = fit_pooled_model(panel, interval, seed=arguments.seed, end=end)
    fit_seconds = time.process_time() - start
    span = int(interval[0])
    scored = np.arange(end, panel.width - span + 1)
    tuning = np.arange(max(end // 2, 2), end - span + 1)
    if not len(scored) or not len(tuning):
        raise UnusableFileError(f"an interval of {span} periods does not fit into {panel.width} periods")
    said = {
        name: accuracy.foretold(model, panel, interval, scored, is_refreshed)
        for name, is_refreshed in (("frozen", False), ("refreshed", True))
    }
    if not len(said["frozen"].demand):
        raise UnusableFileError("no interval of the scored part is known in full")
    over_lead_time = np.full(panel.n, float(max(arguments.lead_time, 1)))
    result: dict[str, Any] = {
        "data": {"file": Path(arguments.data).name, "frequency": arguments.freq, **parts.notes}
        | {"first_period": parts.period_names[0], "last_period": parts.period_names[-1]},
        "lead_time": arguments.lead_time,
        "review": arguments.review,
        "model_is_default": model.is_default,
        "accuracy": {
            name: accuracy.errors(each, panel, interval, end) | {"coverage": accuracy.coverage(each)}
            for name, each in said.items()
        },
        "pinball_against": accuracy.baseline_pinball(said["refreshed"], panel, interval, tuning),
        "service": {
            "over_lead_time_and_review": accuracy.service(said["refreshed"]),
            "over_lead_time": accuracy.service(
                accuracy.foretold(model, panel, over_lead_time, scored, is_refreshed=True)
            ),
        },
        "cpu": {"fit_seconds": round(fit_seconds, 2), **accuracy.cpu_per_series(model, panel, interval)},
        "policies": {},
    }
    memory: dict[tuple[Any, ...], Any] = {}
    for mode in ("backorder", "lost"):
        start = time.process_time()
        setting = policies.Setting(
            arguments.lead_time,
            arguments.review,
            mode,
            arguments.random_lead_time,
            arguments.lots,
            arguments.seed,
        )
        result["policies"][mode] = policies.compared(model, panel, end, setting, memory)
        result["cpu"][f"{mode}_seconds"] = round(time.process_time() - start, 1)
    return result


def show(result: dict[str, Any], console: Console) -> None:
    """Print the object as tables."""
    data = result["data"]
    console.print(
        f"[bold]{data['file']}[/]: {data['items_scored']} of {data['items']} items, {data['periods_tuned']} "
        f"periods tuned on, {data['periods_scored']} scored; L {result['lead_time']}, R {result['review']}"
    )
    if result["model_is_default"]:
        console.print("[yellow]too little to learn from: the documented prior is used[/]")
    table = Table(
        "", "pinball", "bias", "RMSSE", "coverage .5 .8 .9 .95 .99", "P90 interval", title="Accuracy"
    )
    for name, each in result["accuracy"].items():
        cover = each["coverage"]
        table.add_row(
            name,
            f"{each['pinball']:.4f}",
            f"{each['bias']:+.3f}",
            f"{each['rmsse']:.3f}",
            " ".join(f"{share:.3f}" for share in cover["randomised"].values()),
            "{:.3f}-{:.3f}".format(*cover["p90_interval"]),
        )
    console.print(table)
    cover = result["accuracy"]["refreshed"]["coverage"]
    for name in ("p90_by_class", "p90_by_size"):
        console.print(
            f"{name}: " + "  ".join(f"{k} {v['p90']:.3f} ({v['rows']})" for k, v in cover[name].items())
        )
    for name, each in result["pinball_against"].items():
        console.print(
            f"pinball against {name}: {each['ours_relative']:+.1%} [{each['low']:+.1%}, {each['high']:+.1%}]"
        )
    for name, each in result["service"].items():
        console.print(
            f"service {name}: "
            + "  ".join(f"{k} → {v['achieved']:.3f} ({v['randomised']:.3f})" for k, v in each.items())
        )
    for mode, each in result["policies"].items():
        _show_policies(mode, each, console)
    console.print("CPU: " + ", ".join(f"{name} {value}" for name, value in result["cpu"].items()))


def _show_policies(mode: str, result: dict[str, Any], console: Console) -> None:
    table = Table("our stock against", title=f"{mode}: stock at equal fill, tuned on the earlier part")
    rows: dict[str, list[str]] = {policies.OURS: [], "best simple": []}
    for target, at in result["stock_at_fill"].items():
        table.add_column(f"{float(target):.0%}", justify="right")
        rows[policies.OURS].append("–" if at[policies.OURS] is None else f"{at[policies.OURS]:.2f} periods")
        rows["best simple"].append(str(at["best_simple"]))
        for name, each in at["baselines"].items():
            rows.setdefault(name, []).append(_change(each["relative"]) if each["reached_on_tuning"] else "–")
    for name, cells in rows.items():
        table.add_row(name, *cells)
    console.print(table)
    for target, each in result["fill_against_target"].items():
        if "achieved" in each:
            console.print(
                f"fill target {target} ({each['form']}): {each['achieved']:.3f} "
                f"[{each['low']:.3f}, {each['high']:.3f}], "
                f"per-class control {each['achieved_per_class_control']:.3f}; by class "
                + " ".join(
                    f"{k} {v['one_control']:.3f}/{v['per_class_control']:.3f}"
                    for k, v in each["by_class"].items()
                )
            )
        else:
            console.print(f"fill target {target}: not reached on the earlier part")
    table = Table("our cost against", title=f"{mode}: cost, tuned on the earlier part")
    rows = {policies.OURS: [], "best simple": []}
    for shortage, at in result["cost"].items():
        table.add_column(f"b/h {shortage}", justify="right")
        rows[policies.OURS].append(f"{at[policies.OURS]:,.0f}")
        rows["best simple"].append(at["best_simple"])
        for name, each in at["baselines"].items():
            rows.setdefault(name, []).append(_change(each["relative"]))
        rows.setdefault("hindsight constant", []).append(_change(at["relative_to_hindsight"]))
    for name, cells in rows.items():
        table.add_row(name, *cells)
    console.print(table)


def _change(relative: dict[str, float | None]) -> str:
    if relative["estimate"] is None:
        return "–"
    if relative["low"] is None or relative["high"] is None:
        return f"{relative['estimate']:+.1%}"
    return f"{relative['estimate']:+.1%} [{relative['low']:+.1%}, {relative['high']:+.1%}]"


def main(argv: list[str] | None = None) -> int:
    """Read the arguments, score the file, print, and write the object."""
    parser = argparse.ArgumentParser(prog="tests.benchmarks.parts", description=__doc__.split("\n\n")[1])
    parser.add_argument("--data", type=Path, required=True, help="wide parquet or CSV of items × periods")
    parser.add_argument("--lead-time", type=int, required=True, help="whole periods, ≥ 0")
    parser.add_argument("--review", type=int, required=True, help="whole periods, ≥ 1")
    parser.add_argument("--freq", choices=("M", "W"), default="M", help="months or weeks")
    order = parser.add_mutually_exclusive_group()
    order.add_argument("--oldest-first", dest="newest_first", action="store_false", help="the default")
    order.add_argument("--newest-first", dest="newest_first", action="store_true")
    # Each of the two flags would bring a default of its own.
    parser.set_defaults(newest_first=False)
    parser.add_argument("--in-stock", type=Path, help="file of the same shape, false where out of stock")
    parser.add_argument("--random-lead-time", action="store_true", help="lead times L − 1 … L + 2")
    parser.add_argument("--lots", action="store_true", help="lots of a period's demand for every second item")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, help="where the JSON object goes; default: standard output")
    arguments = parser.parse_args(argv)
    if arguments.lead_time < 0 or arguments.review < 1:
        parser.error("the lead time is at least 0 and the review at least 1, in whole periods")
    try:
        parts = read_parts(arguments.data, arguments.freq, arguments.newest_first, arguments.in_stock)
        result = score(parts, arguments)
    except UnusableFileError as error:
        print(f"cannot score {arguments.data}: {error}", file=sys.stderr)
        return 2
    show(result, Console(width=150))
    text = json.dumps(result, indent=2, allow_nan=False)
    if arguments.out:
        arguments.out.write_text(text + "\n", encoding="utf-8")
    else:
        print(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
