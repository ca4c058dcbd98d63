"""Charts of the report: Vega-Lite stated with altair, in colours that the page's style decides.

Every colour is a custom property of the page (`var(--…)`) or the colour of its text, so that light,
dark and print need no second chart. Colours are those of Okabe and Ito.
"""

from __future__ import annotations

from typing import Any

import altair as alt

BLUE, ORANGE, GREEN, FAINT, INK = (
    "var(--blue)", "var(--orange)", "var(--green)", "var(--faint)", "currentColor",
)  # fmt: skip
_TEXT = {"labelColor": INK, "titleColor": INK, "labelFontSize": 12, "titleFontSize": 12}
_CONFIG: dict[str, Any] = {
    "background": "transparent",
    "font": "system-ui, sans-serif",
    "view": {"stroke": "transparent"},
    "axis": {
        **_TEXT,
        "titleFontWeight": "normal",
        "domainColor": INK,
        "domainOpacity": 0.35,
        "tickColor": INK,
        "tickOpacity": 0.35,
        "gridColor": INK,
        "gridOpacity": 0.12,
        "labelLimit": 220,
    },
    "legend": {**_TEXT, "orient": "top", "titleFontWeight": "normal", "symbolStrokeWidth": 2},
    "header": _TEXT,
    "title": {"color": INK, "subtitleColor": INK, "fontSize": 13, "anchor": "start"},
}


def spec_of(chart: alt.TopLevelMixin) -> dict[str, Any]:
    """Return the chart as Vega-Lite, without the address of its schema: the page names none."""
    spec: dict[str, Any] = chart.to_dict(validate=False)
    spec.pop("$schema", None)
    spec["config"] = _CONFIG
    # As wide as its place on the page; how high, the chart says itself.
    spec["autosize"] = {"type": "fit-x", "contains": "padding"}
    return spec
