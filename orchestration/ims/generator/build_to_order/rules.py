"""What can be built: the generated rules on configurations, all versions of them.

Rules that list the colours and trims of a source get a new version on the day a new one is seen. The
clean rules leave no option that can never be chosen and no market in which nothing can be built; the
defects `dead_option` and `empty_market` bring one of each.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from orchestration.ims.generator.arrow_columns import NEVER, dates, source_table
from orchestration.ims.generator.build_to_order.option_list import TOLD_DAYS_BEFORE
from orchestration.ims.generator.build_to_order.setting import Setting

MARKETS = ("US", "CA")
_ALWAYS = -1460
# rule, version, type, if, then, market, first day, last day (from the anchor), message
_Rule = tuple[str, int, str, str | None, str, str | None, int, int | None, str]
_RULES: tuple[_Rule, ...] = (
    ("R-CANADA", 1, "requires", None, "EXP-CA", "CA", _ALWAYS, None, "Canada needs its equipment"),
    ("R-CANADA-ONLY", 1, "excludes", "EXP-CA", "COM-FLEET", "US", _ALWAYS, None,
     "Fleet telematics is not sold with the equipment for Canada"),
    ("R-HUD", 1, "conditional", "TEC-HUD", "TEC-NAV", "US", _ALWAYS, None,
     "The head-up display shows the navigation"),
    ("R-HUD", 2, "conditional", "TEC-HUD", "TEC-NAV", None, -30, None,
     "The head-up display shows the navigation"),
    ("R-OFFROAD", 1, "excludes", "WHL-OFF", "PRF-SUSP", None, _ALWAYS, None,
     "Off-road wheels do not go with the sports suspension"),
    ("R-ROOF", 1, "excludes", "CMF-ROOF", "APP-TWOTONE", None, _ALWAYS, None,
     "A glass roof has no second colour"),
    ("R-TOW", 1, "requires", "PKG-TOW", "PRF-COOL", None, _ALWAYS, -400, "Towing needs extra cooling"),
    ("R-TOW", 2, "requires", "PKG-TOW", "PRF-COOL|COM-UPFIT", None, -399, None,
     "Towing needs extra cooling or the work body"),
    ("R-UPFIT", 1, "all_of", "COM-UPFIT", "COM-FLEET|PRF-COOL", None, _ALWAYS, None,
     "The work body comes with telematics and extra cooling"),
    ("R-VENT", 1, "requires", "CMF-VENT", "CMF-HEAT", None, _ALWAYS, None,
     "Ventilated seats are heated ones"),
    ("R-WHEELS", 1, "at_most_one", None, "WHL-18|WHL-20", None, _ALWAYS, -701, "One set of wheels"),
    ("R-WHEELS", 2, "at_most_one", None, "WHL-18|WHL-20|WHL-OFF", None, -700, 29, "One set of wheels"),
    ("R-WHEELS", 3, "at_most_one", None, "WHL-18|WHL-20|WHL-21|WHL-OFF", None, 30, None,
     "One set of wheels"),
)  # fmt: skip


def configuration_rule_table(setting: Setting, as_of: int) -> pa.Table:
    """Every version of every rule that is told by `as_of`."""
    told = [
        (rule_id, version, kind, first, then, market, None, setting.anchor + start, end, message)
        for rule_id, version, kind, first, then, market, start, end, message in _RULES
        if setting.anchor + start - TOLD_DAYS_BEFORE <= as_of
    ]
    rows = [
        (*row[:8], int(NEVER) if row[8] is None else setting.anchor + row[8], row[9]) for row in told
    ] + _listing_rules(setting, as_of)
    columns = list(zip(*rows, strict=True))
    return source_table(
        "configuration_rule",
        {
            "rule_id": pa.array(columns[0], pa.string()),
            "rule_version": pa.array(columns[1], pa.int64()),
            "rule_type": pa.array(columns[2], pa.string()),
            "if_options": pa.array(columns[3], pa.string()),
            "then_options": pa.array(columns[4], pa.string()),
            "market": pa.array(columns[5], pa.string()),
            "model": pa.array(columns[6], pa.string()),
            "effective_from": dates(np.array(columns[7], dtype=np.int64)),
            "effective_to": dates(np.array(columns[8], dtype=np.int64)),
            "message": pa.array(columns[9], pa.string()),
        },
        source=setting.source,
        known=as_of,
    )


def _listing_rules(setting: Setting, as_of: int) -> list[tuple[object, ...]]:
    """Exactly one colour; of each model, exactly one trim: a version per day that brought a new one."""
    colours = [(one.option_id, one.first_day) for one in setting.named_options if one.family == "colour"]
    groups: dict[str | None, dict[str, int]] = {
        None: {option: day for option, day in colours if day <= as_of}
    }
    for trim_of, option, day in setting.trims:
        if day <= as_of:
            groups.setdefault(trim_of, {})[option] = day
    rows: list[tuple[object, ...]] = []
    for model, first_days in groups.items():
        rule_id = "R-COLOUR" if model is None else f"R-TRIM-{model}"
        message = "One colour" if model is None else "One trim"
        starts = sorted(set(first_days.values()))
        for version, start in enumerate(starts, 1):
            then = "|".join(sorted(one for one, day in first_days.items() if day <= start))
            end = starts[version] - 1 if version < len(starts) else int(NEVER)
            rows.append((rule_id, version, "one_of", None, then, None, model, start, end, message))
    return rows
