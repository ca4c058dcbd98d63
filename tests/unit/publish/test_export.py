"""The export: verbatim, under our names or the customer's."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from orchestration.publish.export import read_export_columns
from orchestration.publish.release import ReleaseError, releases, repair
from orchestration.settings import ReleaseSettings, Settings
from tests.unit.publish.release_lake import ReleaseLake


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def _with_columns(shop: ReleaseLake, tmp_path: Path, text: str) -> None:
    path = tmp_path / "columns.yaml"
    path.write_text(text, encoding="utf-8")
    shop.settings = Settings(release=ReleaseSettings(export_columns=path))


def test_every_column_is_exported_verbatim(shop: ReleaseLake) -> None:
    release_id = shop.publish().release.release_id
    assert _rows(shop.lake.export_dir / "policy.csv") == [
        {
            "release_id": release_id,
            "as_of": "2024-01-31",
            "item_id": item,
            "location_id": location,
            "order_up_to_units": units,
        }
        for item, location, units in [('=cmd|"x"', "../L", ""), ("A", "L", "2.5"), ("B", "L", "4")]
    ]
    assert json.loads((shop.lake.export_dir / "release.json").read_text()) == {
        "release_id": release_id,
        "rows": {"policy": 3, "transfer_order": 1},
    }


def test_listed_columns_alone_are_exported_under_the_customers_names(
    shop: ReleaseLake, tmp_path: Path
) -> None:
    _with_columns(shop, tmp_path, "policy: {order_up_to_units: MAX_QTY, item_id: Teilenummer}\n")
    shop.publish()
    assert _rows(shop.lake.export_dir / "policy.csv")[1:] == [
        {"MAX_QTY": "2.5", "Teilenummer": "A"},
        {"MAX_QTY": "4", "Teilenummer": "B"},
    ]
    assert "transfer_order_id" in _rows(shop.lake.export_dir / "transfer_order.csv")[0]


def test_new_names_reach_the_export_of_the_same_release(shop: ReleaseLake, tmp_path: Path) -> None:
    release_id = shop.publish().release.release_id
    _with_columns(shop, tmp_path, "policy: {item_id: SKU}\n")
    assert repair(shop.lake, shop.settings) == [f"brought export/ to {release_id}"]
    assert list(_rows(shop.lake.export_dir / "policy.csv")[0]) == ["SKU"]


def test_only_the_export_before_is_kept_for_its_readers(shop: ReleaseLake) -> None:
    ids = [shop.publish(units=units).release.release_id for units in (1.0, 2.0, 3.0)]
    kept = sorted(folder.name.rsplit("-", 1)[0] for folder in (shop.lake.root / ".exports").iterdir())
    assert kept == ids[1:]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("policy: {reorder_level: MIN}", "policy has no reorder_level; it has release_id, as_of, item_id"),
        ("policies: {item_id: SKU}", "does not map columns of policy, replenishment_order"),
        ("policy: [item_id]", "does not map columns of policy"),
        ("policy: {item_id: SKU, location_id: SKU}", "given twice or empty: SKU"),
        ("policy: {}", "given twice or empty: the list"),
        ("policy: {item_id: !!python/object/apply:os.getcwd []}", "is not YAML"),
        ("policy: {", "is not YAML"),
    ],
)
def test_names_that_do_not_fit_are_refused_before_anything_is_published(
    shop: ReleaseLake, tmp_path: Path, text: str, message: str
) -> None:
    _with_columns(shop, tmp_path, text)
    with pytest.raises(ReleaseError, match=message):
        shop.publish()
    assert releases(shop.lake) == ()


def test_a_missing_file_of_names_is_named(tmp_path: Path) -> None:
    with pytest.raises(ReleaseError, match=r"export_columns: .*none\.yaml cannot be read"):
        read_export_columns(tmp_path / "none.yaml")
    assert read_export_columns(None) == {}
