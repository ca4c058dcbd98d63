"""Known answers of the rules that turn sightings into events, on files of a few rows."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from orchestration.ims.connector import SourceError
from orchestration.ims.demo import DemoConnector

FIRST = date(2023, 5, 1)


def day(number: int) -> date:
    return FIRST + timedelta(days=number)


def sighting(
    unit: str, first: int, last: int, status: str = "At dealer", dealer: str = "D1", pre_sold: bool = False
) -> dict[str, object]:
    return {
        "unit_id": unit, "seg": 1.0, "series": "rav4", "model_year": 2023, "grade": "XLE", "color": "Red",
        "drivetrain": "AWD", "base_msrp": 30_000, "dealer_price": 31_000, "status": status,
        "pre_sold": pre_sold, "hold": None, "dealer_id": dealer, "state": "CO",
        "valid_from": day(first), "valid_to": day(last),
    }  # fmt: skip


# someone is seen every day, so that every day is a snapshot
ALWAYS = sighting("UALWAYS", 0, 20)


class Demo:
    def __init__(self, path: Path, rows: list[dict[str, object]]) -> None:
        pq.write_table(pa.Table.from_pylist(rows), path)
        self.connector = DemoConnector(path, seed=1)

    def frame(self, table: str, number: int, unit: str | None = None) -> pd.DataFrame:
        frame = self.connector.extract(day(number), None).tables[table].to_pandas()
        return frame if unit is None else frame[frame["unit_id"] == unit]

    def moves(self, unit: str, number: int) -> list[tuple[str, date, date]]:
        frame = self.frame("stock_movement", number, unit).sort_values(["movement_date", "quantity_units"])
        known = frame["loaded_at"].dt.date
        return list(zip(frame["movement_type"], frame["movement_date"], known, strict=True))

    def on_hand(self, number: int, dealer: str = "D1") -> float:
        stock = self.frame("stock_on_hand", number)
        here = (stock["item_id"] == "rav4-xle-awd") & (stock["location_id"] == dealer)
        return float(stock.loc[here, "on_hand_units"].sum())


@pytest.fixture
def demo(tmp_path: Path):
    return lambda *rows: Demo(tmp_path / "intervals.parquet", [ALWAYS, *rows])


def test_sold_on_the_first_miss_known_on_the_fourth(demo) -> None:
    world = demo(sighting("U1", 3, 5))
    assert world.moves("U1", 8) == [("receipt", day(3), day(3))]
    (unit,) = world.frame("unit", 8, "U1").to_dict("records")
    assert unit["unit_status"] == "at_location" and unit["last_seen_date"] == day(5)
    assert world.on_hand(8) == 2

    assert world.moves("U1", 9) == [("receipt", day(3), day(3)), ("sale", day(6), day(9))]
    assert world.frame("unit", 9, "U1").empty
    assert world.on_hand(9) == 1
    (line,) = world.frame("demand_line", 9, "U1").to_dict("records")
    assert (line["order_date"], line["shipped_date"], line["basis"]) == (day(6), day(6), "inferred")
    assert line["filled_at_request_units"] == 1 and day(6) <= line["delivered_date"] <= day(9)


def test_three_misses_are_a_flicker(demo) -> None:
    world = demo(sighting("U1", 3, 5), sighting("U1", 9, 20))
    assert world.moves("U1", 20) == [("receipt", day(3), day(3))]


def test_a_sale_proven_false_is_taken_back(demo) -> None:
    world = demo(sighting("U1", 3, 5), sighting("U1", 11, 20))
    assert world.on_hand(10) == 1
    assert world.moves("U1", 11)[-1] == ("return", day(11), day(11))
    assert world.on_hand(11) == 2
    (line,) = world.frame("demand_line", 11, "U1").to_dict("records")
    assert (line["cancelled_date"], line["cancel_reason"]) == (day(11), "unit_seen_again")
    assert line["shipped_units"] == 0 and pd.isna(line["shipped_date"]) and not line["is_lost_sale"]


def test_on_its_way_then_received(demo) -> None:
    world = demo(
        sighting("U1", 1, 3, "Factory to port"),
        sighting("U1", 4, 5, "Port to dealer"),
        sighting("U1", 6, 20),
    )
    (order,) = world.frame("supply_order", 2, "U1").to_dict("records")
    assert (order["ordered_date"], order["expected_date"]) == (day(1), day(17))
    assert order["supply_status"] == "in_transit" and order["location_id"] == "D1"
    assert world.frame("unit", 2, "U1")["unit_status"].item() == "factory_to_port"
    (order,) = world.frame("supply_order", 5, "U1").to_dict("records")
    assert (order["expected_date"], order["first_expected_date"]) == (day(15), day(17))
    assert world.frame("supply_order", 6, "U1").empty
    receipts = world.frame("receipt", 6)
    (receipt,) = receipts[receipts["receipt_id"].str.contains("U1-")].to_dict("records")
    assert (receipt["ordered_date"], receipt["received_date"]) == (day(1), day(6))
    assert receipt["supply_order_id"] == order["supply_order_id"]


def test_lost_from_sight_on_its_way_is_delivered_and_sold(demo) -> None:
    world = demo(sighting("U1", 1, 3, "Port to dealer", pre_sold=True))
    assert world.moves("U1", 12) == []
    assert len(world.frame("supply_order", 12, "U1")) == 1
    assert world.moves("U1", 13) == [("sale", day(4), day(13)), ("receipt", day(4), day(13))]
    (line,) = world.frame("demand_line", 13, "U1").to_dict("records")
    # promised on day 1, before it was there
    assert (line["order_date"], line["filled_at_request_units"]) == (day(1), 0)


def test_seen_at_another_dealer_is_a_transfer(demo) -> None:
    world = demo(sighting("U1", 3, 5), sighting("U1", 6, 20, dealer="D2"))
    kinds = [(kind, when) for kind, when, _ in world.moves("U1", 6)]
    assert kinds == [("receipt", day(3)), ("transfer_out", day(6)), ("transfer_in", day(6))]
    assert (world.on_hand(6, "D1"), world.on_hand(6, "D2")) == (1, 1)
    (unit,) = world.frame("unit", 6, "U1").to_dict("records")
    assert (unit["network_received_date"], unit["received_date"]) == (day(3), day(6))


def test_a_dealer_missing_for_a_day_sells_nothing(demo) -> None:
    rows = [sighting(f"U{i}", *span, dealer="D2") for i in range(5) for span in ((2, 6), (8, 20))]
    world = demo(*rows)
    moves = world.frame("stock_movement", 20)
    assert set(moves.loc[moves["location_id"] == "D2", "movement_type"]) == {"opening", "receipt"}
    assert world.on_hand(7, "D2") == 5


def test_a_day_without_any_sighting_is_no_snapshot_and_no_miss(tmp_path: Path) -> None:
    rows = [sighting("UA", 0, 4), sighting("UA", 6, 20), sighting("U1", 2, 3)]
    world = Demo(tmp_path / "intervals.parquet", rows)
    assert day(5) not in world.connector.business_dates()
    with pytest.raises(SourceError, match="show nothing on 2023-05-06"):
        world.connector.extract(day(5), None)
    assert [kind for kind, *_ in world.moves("U1", 7)] == ["receipt"]
    assert world.moves("U1", 8)[-1] == ("sale", day(4), day(8))


def test_an_unknown_status_is_passed_on_and_counted_nowhere(demo) -> None:
    world = demo(sighting("U1", 3, 20, status="L"))
    assert world.frame("unit", 5, "U1")["unit_status"].item() == "L"
    assert world.moves("U1", 5) == [] and world.on_hand(5) == 1
    assert world.frame("supply_order", 5, "U1").empty


def test_pre_sold_units_are_allocated_and_held_ones_available(demo) -> None:
    world = demo(sighting("U1", 3, 20, pre_sold=True), {**sighting("U2", 3, 20), "hold": "DealerHold"})
    stock = world.frame("stock_on_hand", 5)
    stock = stock[stock["item_id"] == "rav4-xle-awd"].set_index("stock_status")["on_hand_units"]
    assert stock.to_dict() == {"available": 2, "allocated": 1}
    assert world.frame("unit", 5, "U2")["is_held"].item()


def test_first_snapshot_stock_was_received_before(demo) -> None:
    world = demo()
    ((kind, when, known),) = world.moves("UALWAYS", 0)
    assert kind == "receipt" and when == known <= day(0)


def test_a_file_of_other_columns_is_refused_with_the_repair(tmp_path: Path) -> None:
    pq.write_table(pa.table({"vin": ["x"]}), tmp_path / "x.parquet")
    with pytest.raises(SourceError, match=r"reshape it with scripts/reshape_demo\.py"):
        DemoConnector(tmp_path / "x.parquet").business_dates()
    with pytest.raises(SourceError, match=r"source\.demo_intervals"):
        DemoConnector(tmp_path / "none.parquet").business_dates()
