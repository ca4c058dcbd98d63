"""Tables of the report: great-tables writes and escapes them, the page's one style dresses them."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

import pandas as pd
from markupsafe import Markup, escape

from orchestration.publish.reading import ReleaseReader, label
from orchestration.publish.report.blocks import words

# Great-tables gives every table a style of its own, light only; the page has one for all and every medium.
_OWN_STYLE = re.compile(r"<style>.*?</style>", re.DOTALL)
_OWN_BOX = re.compile(r'(<div id="[\w-]+") style="[^"]*"')
_PLAIN_NAME = re.compile(r"[a-z][a-z0-9_]*")
_LONGEST_TEXT = 400
_PERCENT = ("share", "probability")
_NAMED_UNITS = ("money", "money/year", "days", "weeks", "hours")
_DIGITS = {"share": 1, "money": 0, "money/year": 0, "units": 1, "days": 1, "weeks": 1, "factor": 2}
_TONES = {
    "high": "bad", "medium": "warn", "low": "good", "look": "bad", "watch": "warn", "handled": "good",
    "late": "bad", "at_risk": "warn", "red": "bad", "amber": "warn", "green": "good", "yes": "good",
    "no": "bad", "not_evidenced": "warn", "worse": "bad", "better": "good",
}  # fmt: skip
# Words of ours, from closed lists; names of items and the like stay as they are written.
_CODES = (
    "exception_type", "exception_status", "delay_status", "delay_cause", "change_state", "reason_code",
    "change_kind", "owner_role", "attention_rule", "promise_basis",
)  # fmt: skip
_TONED = ("severity", "attention", "level", "rag", "delay_status", "status", "exception_status", "state")


def grid(
    frame: pd.DataFrame,
    name: str,
    units: Mapping[str, str],
    labels: Mapping[str, str] | None = None,
    row_name: str | None = None,
    shade: Callable[[str, Any], str] | None = None,
    right: Collection[str] = (),
) -> Markup:
    """Return `frame` as an HTML table.

    `units` say how numbers are written, `labels` name columns otherwise than they are called. `shade`
    returns the colour (a custom property's name) behind a cell, empty for none. Figures that are text
    already stand `right`.
    """
    from great_tables import GT, loc, style
    from great_tables import html as as_html

    names = [str(one) for one in frame.columns]
    # Great-tables writes the names of columns into attributes as they are: no name of the data may be one.
    keys = {one: one if _PLAIN_NAME.fullmatch(one) else f"column-{place}" for place, one in enumerate(names)}
    told = pd.DataFrame(
        {keys[one]: [_plain(one, value) for value in frame[one]] for one in names}, dtype=object
    )
    told = told.where(told.notna(), None)
    table = GT(told, id=name, rowname_col=keys[row_name] if row_name else None)
    heads = {keys[one]: (labels or {}).get(one, label(one)) for one in names}
    # As finished HTML: in plain headings great-tables reads {{ }} as units, unescaped.
    table = table.cols_label({key: as_html(str(escape(head))) for key, head in heads.items()})
    if row_name is not None:
        table = table.tab_stubhead((labels or {}).get(row_name, label(row_name)))
    for one in names:
        if pd.api.types.is_bool_dtype(frame[one]) or not pd.api.types.is_numeric_dtype(frame[one]):
            table = table.cols_align("right" if one in right else "left", [keys[one]])
            continue
        table = _numbers(table, keys[one], units.get(one, ""), frame[one]).cols_align("right", [keys[one]])
    table = table.sub_missing(missing_text="–")
    for one in names:
        for row, value in enumerate(frame[one]) if one != row_name else ():
            css = _css(one, value, shade)
            if css:
                table = table.tab_style(style.css(css), loc.body(columns=[keys[one]], rows=[row]))
    html = _OWN_STYLE.sub("", table.as_raw_html(), count=1)
    # Great-tables has escaped every text in it; a test plants hostile ones.
    return Markup(_OWN_BOX.sub(r"\1", html, count=1))  # noqa: S704


def published_grid(
    source: ReleaseReader,
    table: str,
    frame: pd.DataFrame,
    name: str,
    columns: Sequence[str] = (),
    most_rows: int = 25,
) -> Markup:
    """Return rows of a published table, units from the dictionary; `columns` that it lacks are left out."""
    held = [one for one in columns if one in frame.columns] or [
        str(one) for one in frame.columns if one not in ("release_id", "as_of")
    ]
    units = {one: source.meaning(table, one).unit for one in held}
    names = {one: _heading(one, units[one]) for one in held}
    return grid(frame[held].head(most_rows), name, units, names)


def _heading(column: str, unit: str) -> str:
    """A column's name, with its unit where neither the name nor the figures show it."""
    said = label(column)
    return f"{said}, {unit}" if unit in _NAMED_UNITS and unit.split("/")[0] not in said.lower() else said


def _numbers(table: Any, column: str, unit: str, values: pd.Series) -> Any:
    if unit in _PERCENT or column.endswith("_probability"):
        return table.fmt_percent(columns=[column], decimals=1)
    known = values.dropna()
    is_whole = bool((known == known.round()).all())
    # Numbers of things are read with separators; numbers that are names, such as a year, without.
    separated = unit != "" or pd.api.types.is_float_dtype(values)
    return table.fmt_number(
        columns=[column], decimals=0 if is_whole else _DIGITS.get(unit, 2), use_seps=separated
    )


def _plain(column: str, value: Any) -> Any:
    """Codes, text, dates and flags as a reader wants them; numbers as they are."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, str) and column in _CODES:
        return words(value)
    if isinstance(value, str):
        return value if len(value) <= _LONGEST_TEXT else value[: _LONGEST_TEXT - 1] + "…"
    if isinstance(value, pd.Timestamp):
        return value.strftime("%Y-%m-%d %H:%M")
    return value.isoformat() if hasattr(value, "isoformat") and not pd.isna(value) else value


def _css(column: str, value: Any, shade: Callable[[str, Any], str] | None) -> str:
    if shade is not None:
        colour = shade(column, value)
        return f"background: var({colour})" if colour else ""
    tone = _TONES.get(value, "") if column in _TONED and isinstance(value, str) else ""
    return f"color: var(--{tone}); font-weight: 600" if tone else ""
