"""The candidate: one form for all tables, and a hash of what they say."""

from __future__ import annotations

from datetime import date

import pyarrow as pa
import pytest

from orchestration.lake.parquet import read_arrow, write_arrow
from orchestration.publish.candidate import CandidateError, build_candidate
from tests.unit.publish.release_lake import DAY, NEXT_DAY, ReleaseLake, policy_table


def test_the_hash_hangs_on_rows_and_not_on_their_order(shop: ReleaseLake) -> None:
    straight = shop.candidate()
    turned = build_candidate(
        shop.lake,
        DAY,
        {},
        {
            "transfer_order": read_arrow(straight.tables["transfer_order"]),
            "policy": policy_table().take([2, 0, 1]),
        },
    )
    assert turned.content_hash == straight.content_hash
    assert shop.candidate(units=5.0).content_hash != straight.content_hash
    assert shop.candidate(NEXT_DAY).content_hash != straight.content_hash


def test_every_table_bears_the_business_date_and_sorted_rows(shop: ReleaseLake) -> None:
    exported = shop.lake.root / "export" / "lead_time.parquet"
    write_arrow(pa.table({"as_of": [DAY], "supplier_id": ["S"]}), exported)
    made = {"policy": policy_table(), "nothing": policy_table().slice(0, 0)}
    candidate = build_candidate(shop.lake, DAY, {"lead_time": exported}, made)
    assert list(candidate.tables) == ["lead_time", "nothing", "policy"]
    assert candidate.rows == {"lead_time": 1, "nothing": 0, "policy": 3}
    policy = read_arrow(candidate.tables["policy"])
    assert policy.column_names[0] == "as_of"
    assert policy.schema.field("as_of").type == pa.date32()
    assert policy.column("item_id").to_pylist() == ['=cmd|"x"', "A", "B"]


@pytest.mark.parametrize(
    ("name", "columns", "message"),
    [
        ("policy", {"as_of": [date(2024, 1, 30)]}, "holds 1 rows of another business date than 2024-01-31"),
        ("policy", {"as_of": pa.array([None], pa.date32())}, "holds 1 rows of another business date"),
        ("policy", {"release_id": ["x"]}, "bears release_id, which only publication adds"),
        ("../policy", {"item_id": ["x"]}, "is no name of a table"),
    ],
)
def test_a_table_that_cannot_be_published_is_named(
    shop: ReleaseLake, name: str, columns: dict[str, object], message: str
) -> None:
    with pytest.raises(CandidateError, match=message):
        build_candidate(shop.lake, DAY, {}, {name: pa.table(columns)})


def test_two_makers_of_one_table_and_no_tables_are_refused(shop: ReleaseLake) -> None:
    file = shop.candidate().tables["policy"]
    with pytest.raises(CandidateError, match="policy: made both by dbt and in Python"):
        build_candidate(shop.lake, DAY, {"policy": file}, {"policy": policy_table()})
    with pytest.raises(CandidateError, match="run the published stage first"):
        build_candidate(shop.lake, DAY, {}, {})


def test_an_earlier_candidate_leaves_nothing_behind(shop: ReleaseLake) -> None:
    shop.candidate()
    candidate = build_candidate(shop.lake, DAY, {}, {"policy": policy_table()})
    assert [path.name for path in candidate.folder.iterdir()] == ["policy.parquet"]
