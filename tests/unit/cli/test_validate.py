"""`stockplan validate`: buildable or not, why, and what to change."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from optimization.contracts.order_inputs import CONFIG_OPTION, CONFIGURATION_RULE
from optimization.errors import StockplanError
from orchestration.evidence.orders.configurations import read_wish
from orchestration.lake.parquet import write_frame
from tests.configuration_frames import catalogue, day, rule, rules
from tests.overlay_base import Base
from tests.unit.cli.conftest import Command, said


@pytest.fixture
def configured(base: Base) -> Base:
    """The release with three rules, of which one holds in one market only, and six options."""
    stated = rules(
        rule("ENGINE", "one_of", "ENG_A|ENG_B", message="Choose one engine"),
        rule("TOWING", "requires", "ENG_B", "TOW", rule_version=2),
        rule("ROOF", "excludes", "RACK", "SUNROOF", market="EU", effective_from=day("2024-07-01")),
    )
    offered = catalogue(
        "ENG_A",
        {"option_id": "ENG_B", "option_price": 1500.0},
        {"option_id": "TOW", "option_price": 400.0, "lead_time_class": "advanced"},
        "SUNROOF",
        "RACK",
    )
    for frame, table in ((stated, CONFIGURATION_RULE), (offered, CONFIG_OPTION)):
        write_frame(frame, table, base.lake.border_file(table.name, base.as_of))
    return base


def test_what_cannot_be_built_is_told_with_all_repairs(configured: Base, stockplan: Command) -> None:
    told = stockplan("validate", "ENG_A,TOW,X", "--market", "US", "--lock", "TOW")
    assert told.exit_code == 1
    text = said(told)
    assert "Cannot be built: 2 violations" in text
    assert "UNKNOWN_OPTION" in text and "TOWING v2" in text
    assert "Take out ENG_A, X; add ENG_B" in text and "+1,400.00" in text
    assert "Lead time class advanced" in text
    assert "ENGINE v1, TOWING v2" in text
    assert "As of 2024-06-30" in text


def test_a_slip_of_the_pen_is_told_what_it_may_mean_and_long_rules_are_cut_short(
    configured: Base, stockplan: Command
) -> None:
    assert "SUNROF is no option of the catalogue; nearest are SUNROOF" in said(
        stockplan("validate", "ENG_A|SUNROF")
    )
    colours = [f"COL_{number}" for number in range(9)]
    many = rules(rule("COLOUR", "one_of", "|".join(colours)))
    for frame, table in ((many, CONFIGURATION_RULE), (catalogue(*colours), CONFIG_OPTION)):
        write_frame(frame, table, configured.lake.border_file(table.name, configured.as_of))
    assert "COL_5 and 3 more" in said(stockplan("validate", "OTHER"))


def test_what_can_be_built_is_told_with_its_price(
    configured: Base, stockplan: Command, tmp_path: Path
) -> None:
    file = tmp_path / "wish.yaml"
    file.write_text("options: [ENG_B, TOW]\nmodel: camry\nmarket: EU\ndate: 2024-06-30\nbase_price: 30000\n")
    told = stockplan("validate", str(file), "--json")
    assert told.exit_code == 0, said(told)
    answer = json.loads(told.output)
    assert answer["is_buildable"] and not answer["repairs"]
    assert answer["price"]["total"] == 31900.0
    assert answer["rule_versions"] == {"ENGINE": 1, "TOWING": 2}
    assert "Can be built" in said(stockplan("validate", "ENG_B|TOW"))


def test_rules_of_another_day_and_market_are_asked_for(configured: Base, stockplan: Command) -> None:
    wish = ("validate", "ENG_A|SUNROOF|RACK", "--market", "EU")
    assert stockplan(*wish).exit_code == 0
    later = stockplan(*wish, "--date", "2024-07-01", "--json")
    assert later.exit_code == 1
    assert [one["rule_id"] for one in json.loads(later.output)["violations"]] == ["ROOF"]


def test_without_options_in_the_release_the_way_out_is_named(base: Base, stockplan: Command) -> None:
    told = stockplan("validate", "A")
    assert told.exit_code == 1
    assert "stockplan run --date 2024-06-30" in said(told)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("- A", "must be a mapping with options"),
        ("options: [A]\ncolour: red", "has colour; it may have options, model"),
        ("options: 3.5", "must be option ids"),
        ("options: A\ndate: soon", "write it as 2024-01-31"),
        ("options: A\nbase_price: -1", "no amount of money"),
        ("options: [A", "cannot be read"),
    ],
)
def test_a_bad_file_is_refused_with_what_is_wrong(tmp_path: Path, content: str, message: str) -> None:
    file = tmp_path / "wish.yaml"
    file.write_text(content)
    with pytest.raises(StockplanError, match=message):
        read_wish(str(file))
