"""Whether a configuration can be built: the answer from what the current release was made from.

Nothing is written, and no stage runs: rules and options of the release's business date are read from
the lake, and one configuration is held against them.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import date, datetime
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import pandas as pd

from optimization.build_to_order.configuration.checking import told
from optimization.build_to_order.configuration.pricing import lead_time_class_of, price_delta, price_of
from optimization.build_to_order.configuration.repairs import smallest_repairs
from optimization.build_to_order.configuration.rules import ANY, RuleSet, Violation, violations
from optimization.contracts.order_inputs import CONFIG_OPTION, CONFIGURATION_RULE
from optimization.errors import StockplanError
from optimization.option_sets import text_of
from orchestration.lake.parquet import arrow_to_frame
from orchestration.lake.paths import Lake
from orchestration.publish.overlay_rows import BaseRows
from orchestration.publish.shelf import Release, current_release

_FILE_ENDINGS = (".yaml", ".yml", ".json")
_KEYS = ("options", "model", "market", "date", "locked", "base_price")


@dataclass(frozen=True)
class Wish:
    """A configuration to be checked; market or model `*`: only what holds for all. No date: the release's.

    `locked` options stay as they are in every repair. `base_price`: what the model costs without options,
    if known.
    """

    options: frozenset[str]
    model: str = ANY
    market: str = ANY
    date: date | None = None
    locked: frozenset[str] = field(default_factory=frozenset)
    base_price: float | None = None


def read_wish(config: str) -> Wish:
    """Return the configuration that a text or a file states.

    A text holds option ids, joined by `,` or `|`. A file (YAML, JSON) is a mapping with `options` (a
    list, or such a text) and, as wanted, `model`, `market`, `date`, `locked`, `base_price`. Raises
    `StockplanError` naming what is wrong in it.

    >>> sorted(read_wish("ENG_B, TOW").options)
    ['ENG_B', 'TOW']
    """
    if not config.lower().endswith(_FILE_ENDINGS):
        return Wish(_options(config, "CONFIG"))
    content = _content(Path(config))
    if not isinstance(content, dict) or "options" not in content:
        raise StockplanError(f"{config} must be a mapping with options, as a list or joined by |")
    if unknown := sorted(str(key) for key in set(content) - set(_KEYS)):
        raise StockplanError(f"{config} has {', '.join(unknown)}; it may have {', '.join(_KEYS)}")
    return Wish(
        _options(content["options"], "options"),
        str(content.get("model") or ANY),
        str(content.get("market") or ANY),
        read_day(content.get("date")),
        _options(content.get("locked") or "", "locked"),
        _money(content.get("base_price")),
    )


def read_day(value: object) -> date | None:
    """Return a date that a person or a file wrote. Raises `StockplanError` where it is none."""
    if value is None or (isinstance(value, date) and not isinstance(value, datetime)):
        return value
    try:
        return date.fromisoformat(str(value))
    except ValueError as error:
        raise StockplanError(f"date {value} is none; write it as 2024-01-31") from error


def check_configuration(lake: Lake, wish: Wish, repairs: int = 3) -> dict[str, Any]:
    """Return the answer as plain values: release, violations, repairs, price, class, rule versions.

    Raises `StockplanError` without a release, or when it was made without options.
    """
    base = current_release(lake)
    if base is None:
        raise StockplanError("there is no release yet; make the first one with: make run")
    rules, catalogue = _inputs(lake, base)
    day = pd.Timestamp(wish.date or base.as_of)
    rule_set = RuleSet.of(rules, catalogue, wish.market, wish.model, day)
    found = violations(rule_set, wish.options)
    answer: dict[str, Any] = {
        "release_id": base.release_id,
        "as_of": base.as_of.isoformat(),
        "date": day.date().isoformat(),
        "market": wish.market,
        "model": wish.model,
        "options": text_of(wish.options),
        "is_buildable": not found,
        "violations": [
            {
                "reason_code": one.reason_code,
                "message": one.message + _like(one, catalogue),
                "options": list(one.options),
                "rule_id": one.rule.rule_id if one.rule else None,
                "rule_version": one.rule.rule_version if one.rule else None,
            }
            for one in found
        ],
        "repairs": [],
        "is_every_repair_proven": True,
    }
    if found:
        smallest = smallest_repairs(rule_set, wish.options, wish.locked, repairs)
        answer["is_every_repair_proven"] = smallest.is_proven
        answer["repairs"] = [
            {
                "message": told(one),
                "added": list(one.added),
                "removed": list(one.removed),
                "price_delta": price_delta(catalogue, one.added, one.removed, day),
            }
            for one in smallest.found
        ]
    price = price_of(catalogue, wish.options, day)
    return answer | {
        "price": {
            "base_price": wish.base_price,
            "options": price.parts,
            "options_total": price.total,
            "total": None if wish.base_price is None else wish.base_price + price.total,
            "unpriced": list(price.unpriced),
        },
        "lead_time_class": lead_time_class_of(catalogue, wish.options),
        "rule_versions": {one.rule_id: one.rule_version for one in rule_set.rules},
    }


def _like(violation: Violation, catalogue: pd.DataFrame) -> str:
    """Name the options that an unknown one is most like; empty for every other violation."""
    if violation.reason_code != "UNKNOWN_OPTION":
        return ""
    known = sorted({str(one) for one in catalogue["option_id"]})
    like = get_close_matches(violation.options[0], known, 3, 0.6)
    return f"; nearest are {', '.join(like)}" if like else ""


def _inputs(lake: Lake, base: Release) -> tuple[pd.DataFrame, pd.DataFrame]:
    rows = BaseRows(lake, base)
    missing = [table.name for table in (CONFIGURATION_RULE, CONFIG_OPTION) if not rows.has(table.name)]
    if missing:
        raise StockplanError(
            f"the lake has no {', '.join(missing)} of {base.as_of}; run this date again: "
            f"stockplan run --date {base.as_of}"
        )
    rules, catalogue = (
        arrow_to_frame(rows.whole(table.name), table) for table in (CONFIGURATION_RULE, CONFIG_OPTION)
    )
    if not len(catalogue):
        raise StockplanError(
            f"release {base.release_id} knows no options; deliver config_option, and rules as "
            "configuration_rule, from the source"
        )
    return rules, catalogue


def _content(path: Path) -> object:
    import yaml

    from orchestration.bounded_yaml import read_yaml

    try:
        if path.suffix.lower() == ".json":
            return json.loads(path.read_text(encoding="utf-8"))
        return read_yaml(path)
    except (OSError, UnicodeDecodeError, json.JSONDecodeError, yaml.YAMLError) as error:
        raise StockplanError(f"{path} cannot be read: {error}") from error


def _options(value: object, what: str) -> frozenset[str]:
    if isinstance(value, list) and all(isinstance(one, str | int) for one in value):
        parts = [str(one) for one in value]
    elif isinstance(value, str):
        parts = value.replace("|", ",").split(",")
    else:
        raise StockplanError(f"{what} must be option ids, as a list or joined by , or |")
    return frozenset(part.strip() for part in parts) - {""}


def _money(value: object) -> float | None:
    if value is None:
        return None
    if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < float("inf"):
        return float(value)
    raise StockplanError(f"base_price {value} is no amount of money")
