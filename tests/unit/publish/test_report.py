"""The report as a browser, a keyboard and an attacker find it."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from orchestration.publish.reading import ReleaseReader, Standing
from orchestration.publish.report.balance import balance_section
from orchestration.publish.report.contents import SECTIONS
from orchestration.publish.report.exceptions import exceptions_section
from orchestration.publish.report.orders import late_section
from orchestration.publish.report.review import weekly_section
from orchestration.publish.report.writing import report_page
from tests.opened_release import HOSTILE, RELEASE_ID, lake_at, make_release

# What the sections read.
TABLES = (
    "allocation", "annual_plan", "annual_plan_price", "approval", "demand_plan_approval", "exception",
    "fairness", "forecast", "inventory_position", "kpi", "kpi_catalogue", "mto_milestone",
    "mto_order_status", "policy", "policy_backtest", "policy_change", "recommended_action",
    "replenishment_order", "review_calendar", "risk_register", "scenario_frontier", "scorecard_area",
    "scorecard_check", "supply_expectation", "transfer_order", "weekly_review",
)  # fmt: skip
STANDING = Standing(is_current=True, current_id=RELEASE_ID)
# Void elements have no end tag.
_VOID = {"meta", "link", "br", "img", "input", "hr", "col"}


class Page(HTMLParser):
    """What a browser makes of the page: its elements with their attributes, scripts and text."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.scripts: list[tuple[dict[str, str], str]] = []
        self.styles: list[str] = []
        self.text: list[str] = []
        self._inside: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        held = {name: value or "" for name, value in attrs}
        self.elements.append((tag, held))
        if tag == "script":
            self.scripts.append((held, ""))
        if tag == "style":
            self.styles.append("")
        if tag not in _VOID:
            self._inside.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._inside and self._inside.pop() == tag, f"{tag} is closed where it is not open"

    def handle_data(self, data: str) -> None:
        inside = self._inside[-1] if self._inside else ""
        if inside == "script":
            held, said = self.scripts[-1]
            self.scripts[-1] = (held, said + data)
        elif inside == "style":
            self.styles[-1] += data
        else:
            self.text.append(data)

    def all(self, tag: str) -> list[dict[str, str]]:
        return [held for name, held in self.elements if name == tag]

    def with_attribute(self, name: str) -> list[str]:
        return [held[name] for _, held in self.elements if name in held]


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> ReleaseReader:
    return ReleaseReader(make_release(lake_at(tmp_path_factory.mktemp("lake")), TABLES), STANDING)


@pytest.fixture(scope="module")
def text(source: ReleaseReader) -> str:
    return report_page(source)


@pytest.fixture(scope="module")
def page(text: str) -> Page:
    return Page(text)


def test_hostile_text_is_text_and_nothing_else(page: Page) -> None:
    assert {tag for tag, _ in page.elements} == {
        "html", "head", "meta", "title", "link", "style", "body", "a", "header", "h1", "span", "p", "code",
        "time", "ul", "li", "strong", "div", "nav", "h2", "h3", "ol", "main", "section", "table", "thead",
        "tbody", "tr", "th", "td", "figure", "figcaption", "details", "summary", "script", "footer",
    }  # fmt: skip
    assert not [name for _, held in page.elements for name in held if name.startswith("on")]
    said = " ".join(page.text)
    for planted in HOSTILE[:-1]:
        assert planted in said, planted
    assert "49" not in re.findall(r"\{\{ (\d+)", said)


def test_scripts_are_the_two_that_the_policy_names_and_data(page: Page) -> None:
    policy = next(one["content"] for one in page.all("meta") if "http-equiv" in one)
    runs = [said for held, said in page.scripts if not held.get("type")]
    hashes = {base64.b64encode(hashlib.sha256(said.encode()).digest()).decode() for said in runs}
    assert set(re.findall(r"'sha256-([^']+)'", policy)) == hashes and len(runs) == 2
    assert policy.startswith("default-src 'none';") and "unsafe-eval" not in policy
    assert "connect-src" not in policy and "script-src 'unsafe-inline'" not in policy


def test_charts_are_json_that_no_text_can_end(page: Page) -> None:
    specs = [json.loads(said) for held, said in page.scripts if held.get("type") == "application/json"]
    assert len(specs) >= 8
    assert "$schema" not in "".join(map(json.dumps, specs))
    raw = "".join(said for held, said in page.scripts if held.get("type") == "application/json")
    assert "<" not in raw and ">" not in raw


def test_the_page_names_no_external_address(page: Page) -> None:
    for name in ("src", "href", "action", "data", "poster", "srcset", "formaction", "ping"):
        for value in page.with_attribute(name):
            assert value.startswith(("#", "data:")), (name, value)
    for style in [*page.styles, *page.with_attribute("style")]:
        assert "url(" not in style and "@import" not in style and "http" not in style


def test_a_keyboard_and_a_reader_find_their_way(page: Page) -> None:
    ids = page.with_attribute("id")
    assert len(ids) == len(set(ids))
    links = [held["href"] for held in page.all("a")]
    assert links[0] == "#main" and {link[1:] for link in links} <= set(ids)
    assert len(page.all("h1")) == 1 and page.all("html")[0]["lang"] == "en"
    sections = page.all("section")
    assert len(sections) == len(SECTIONS) and all(held["aria-labelledby"] in ids for held in sections)
    plots = [held for held in page.all("div") if held.get("role") == "img"]
    assert plots and all(len(held["aria-label"]) > 20 for held in plots)
    regions = [held for held in page.all("div") if held.get("role") == "region"]
    assert regions and all(held["tabindex"] == "0" and held["aria-label"] for held in regions)
    assert all(held.get("scope") for held in page.all("th"))


def test_a_phone_the_dark_and_paper_are_provided_for(page: Page) -> None:
    assert any(held.get("name") == "viewport" for held in page.all("meta"))
    style = "".join(page.styles)
    assert "prefers-color-scheme: dark" in style and "@media print" in style and "max-width: 640px" in style


def test_the_same_release_gives_the_same_page_of_little_weight(source: ReleaseReader, text: str) -> None:
    assert report_page(source) == text
    assert len(text.encode()) <= 3_000_000


def test_every_section_has_something_to_show_or_says_why_not(text: str, tmp_path: Path) -> None:
    missing = re.findall(r'<p class="missing">(.*?)</p>', text, re.DOTALL)
    assert len(missing) <= 1 and all(missing)
    empty = ReleaseReader(make_release(lake_at(tmp_path / "lake"), []), STANDING)
    assert all(not section(empty).blocks and section(empty).missing for section in SECTIONS)
    assert "This release has no table exception." in report_page(empty)


def test_a_release_that_is_not_current_says_so(tmp_path: Path) -> None:
    old = Standing(is_current=False, current_id="2024-02-01-1-0000aaaa", stale_because="a <b> came")
    page = report_page(ReleaseReader(make_release(lake_at(tmp_path / "lake"), []), old))
    assert "not the current release: that is 2024-02-01-1-0000aaaa" in page
    assert 'class="banner alarm"' in page and "a &lt;b&gt; came" in page


def _with(tmp_path: Path, tables: dict[str, list[dict[str, object]]]) -> ReleaseReader:
    """A release whose tables hold exactly these rows, one of each at least."""
    release = make_release(lake_at(tmp_path / "lake"), [])
    found = {}
    (release.folder / "tables").mkdir()
    for name, rows in tables.items():
        pq.write_table(pa.Table.from_pylist(rows), release.folder / "tables" / f"{name}.parquet")
        found[name] = release.folder / "tables" / f"{name}.parquet"
    return ReleaseReader(replace(release, manifest=_manifest(release.manifest, found)), STANDING)


def _manifest(manifest: Mapping[str, Any], found: dict[str, Path]) -> dict[str, Any]:
    held = {name: {"file": f"tables/{name}.parquet", "rows": 1, "logical_hash": ""} for name in found}
    return {**manifest, "tables": {**manifest["tables"], **held}}


def test_the_first_exceptions_are_of_several_kinds(tmp_path: Path) -> None:
    kinds = ["market_change"] * 9 + ["stock_out"]
    rows = [
        {
            "attention": "look", "exception_rank": rank, "exception_type": kind, "severity": "high",
            "item_id": None if kind == "market_change" else "X", "location_id": None,
            "detail": f"told {rank}", "value_at_risk": 100.0 - rank,
        }
        for rank, kind in enumerate(kinds)
    ]  # fmt: skip
    html = exceptions_section(_with(tmp_path, {"exception": rows})).blocks[1].html  # type: ignore[union-attr]
    assert [f"told {rank}<" in html for rank in range(10)] == [True] * 4 + [False] * 5 + [True]


def test_of_many_places_and_categories_those_with_most_stock_are_shown(tmp_path: Path) -> None:
    # Stock falls with the number, and the categories are called as the columns' numbers are.
    rows = [
        {
            "item_id": f"I{category}", "location_id": f"L{place:02}", "region": f"R{place:02}",
            "category": str(category), "on_hand_units": 7.0 * (category + 1),
            "owned_value": 1e4 - 99 * place - category,
        }
        for place in range(30) for category in range(40)
    ]  # fmt: skip
    forecast = [
        {"item_id": row["item_id"], "location_id": row["location_id"], "mean_units": 7.0} for row in rows
    ]
    section = balance_section(_with(tmp_path, {"inventory_position": rows, "forecast": forecast}))
    regions, places = section.blocks[:2]
    assert regions.title == "The 25 regions with most stock of 30"  # type: ignore[union-attr]
    assert places.title == "The 25 locations with most stock of 30"  # type: ignore[union-attr]
    html = regions.html  # type: ignore[union-attr]
    assert "R24<" in html and "R25<" not in html
    first = html[html.index("R00<") :].split("</tr>")[0]
    # All, categories 0 to 11, and the other 28 together: days are units on hand over one unit a day.
    told = re.findall(r">([\d,]+)</td>", first)
    all_of_them, others = round(7 * 820 / 40), round(7 * sum(range(13, 41)) / 28)
    assert told == [str(one) for one in (all_of_them, *(7 * (one + 1) for one in range(12)), others)]
    assert "28 others" in html


def test_a_weekly_line_says_what_it_is_about_and_a_kpi_its_unit(tmp_path: Path) -> None:
    week = [
        {"section": part, "section_rank": 1, "subject": subject, "sentence": "From 1.2e+08 to 1.1e+08.",
         "figure": 0.25, "figure_before": 0.5, "figure_unit": "as the KPI"}
        for part, subject in (("kpi", "unit_fill_rate of 30 days"), ("changed_policy", "X at Y"))
    ]  # fmt: skip
    kpi = [{"kpi": "unit_fill_rate", "scope_type": "network", "period": "rolling", "value": 0.25}]
    catalogue = [{"kpi": "unit_fill_rate", "title": "Unit fill rate", "unit": "share"}]
    tables = {"weekly_review": week, "kpi": kpi, "kpi_catalogue": catalogue}
    policies, moved = weekly_section(_with(tmp_path, tables)).blocks
    assert "Unit fill rate, 30 days" in moved.html and "25.0\xa0%" in moved.html  # type: ignore[union-attr]
    assert "1.2e+08" not in moved.html and "as the KPI" not in moved.html  # type: ignore[union-attr]
    assert "X at Y" in policies.html  # type: ignore[union-attr]


def test_a_late_order_names_its_stage(tmp_path: Path) -> None:
    late = [
        {"order_id": "O1", "delay_status": "late", "quoted_price": 1.0, "delay_cause": cause}
        for cause in ("3000", "CREDIT")
    ]
    stages = [{"milestone_code": "3000", "milestone_name": "Build started"}]
    made = late_section(_with(tmp_path, {"mto_order_status": late, "mto_milestone": stages}))
    assert "waits for: Build started" in made.blocks[1].html  # type: ignore[union-attr]
    assert "credit" in made.blocks[1].html and "3000" not in made.blocks[1].html  # type: ignore[union-attr]
