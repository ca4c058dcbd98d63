"""Writing the report: sections, charts and the libraries that draw them, in one page that asks for nothing.

All text is escaped by jinja, in the JSON of the charts too. The page forbids itself every request, and
every script but the two it was written with: their hashes stand in its policy. The same release in the
same standing gives the same bytes.
"""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from orchestration.publish.reading import ReleaseReader
from orchestration.publish.report.blocks import Section
from orchestration.publish.report.contents import SECTIONS
from orchestration.publish.report.opening import opening_tiles

_HERE = Path(__file__).parent
# What stands in a script element ends where its own end tag does, even inside a string.
_END_TAG, _HARMLESS = "</script", "<\\/script"


def report_page(source: ReleaseReader) -> str:
    """Return the report of a release as one HTML page."""
    sections = [make(source) for make in SECTIONS]
    scripts = [_drawing_library(), (_HERE / "page.js").read_text(encoding="utf-8")]
    environment = Environment(
        loader=FileSystemLoader(_HERE),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.policies["json.dumps_kwargs"] = {
        "sort_keys": True,
        "separators": (",", ":"),
        "allow_nan": False,
    }
    return environment.get_template("page.html.j2").render(
        release=source.release,
        standing=source.standing,
        tiles=opening_tiles(source),
        sections=sections,
        has_charts=_has_charts(sections),
        # Ours and the libraries', not the data's; the policy lets exactly these run.
        style=Markup((_HERE / "page.css").read_text(encoding="utf-8")),  # noqa: S704
        scripts=[Markup(script) for script in scripts],  # noqa: S704
        policy=_policy(scripts),
    )


def _has_charts(sections: list[Section]) -> bool:
    return any(block.kind == "chart" for section in sections for block in section.blocks)


@cache
def _drawing_library() -> str:
    """Vega, Vega-Lite and their embedding as one script, as vl-convert carries them."""
    import vl_convert

    # Its stub asks for the argument that its documentation leaves out.
    library: str = vl_convert.javascript_bundle()  # type: ignore[call-arg]
    return library.replace(_END_TAG, _HARMLESS)


def _policy(scripts: list[str]) -> str:
    """Return the page's content security policy: nothing from anywhere, and no script but these."""
    hashes = " ".join(
        f"'sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}'"
        for script in scripts
    )
    return (
        f"default-src 'none'; script-src {hashes}; style-src 'unsafe-inline'; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )
