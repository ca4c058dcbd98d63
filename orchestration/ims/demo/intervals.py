"""The file of vehicle intervals: its columns, reading it, and what was seen on which day.

A row says that a unit was seen with the same attributes on every day from `valid_from` to
`valid_to`. Only `VehicleSightings.seen_on` may be asked what a day showed: it looks at no other day,
which is what keeps the future out of a snapshot.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from orchestration.ims.connector import SnapshotUnreadableError, SourceSettingsError
from orchestration.ims.generator.counters import Floats, Ints, UInts

SAMPLE = Path(__file__).parent / "data" / "vehicle_intervals.parquet"

# what each column of the file means
INTERVAL_COLUMNS = {
    "unit_id": "pseudonym of the VIN",
    "seg": "number of the interval within the unit",
    "series": "model line",
    "model_year": "model year",
    "grade": "grade (trim)",
    "color": "exterior colour",
    "drivetrain": "drivetrain",
    "base_msrp": "manufacturer's suggested price of the configuration, USD",
    "dealer_price": "price of this unit with its options, USD",
    "status": "At dealer | Port to dealer | Factory to port; other texts are defects of the source",
    "pre_sold": "whether the unit is promised to a customer",
    "hold": "Available | DealerHold | missing",
    "dealer_id": "pseudonym of the dealer that has it or will get it",
    "state": "state of that dealer",
    "valid_from": "first day with these attributes",
    "valid_to": "last day with these attributes",
}
_TEXTS = ("unit_id", "series", "grade", "drivetrain", "status", "dealer_id", "state")

UNKNOWN, FACTORY_TO_PORT, PORT_TO_DEALER, AT_DEALER = 0, 1, 2, 3
STATUS_CODES = {
    "Factory to port": FACTORY_TO_PORT,
    "Port to dealer": PORT_TO_DEALER,
    "At dealer": AT_DEALER,
}


@dataclass(frozen=True)
class VehicleSightings:
    """The intervals as arrays, one element per row, sorted by unit and first day.

    `unit`, `item` and `dealer` are positions in `unit_ids`, `item_ids` and `dealer_ids`, which are
    sorted; `status` is one of the codes above, its text is in `status_text`.
    """

    unit_ids: pa.Array
    item_ids: pa.Array
    dealer_ids: pa.Array
    unit_keys: UInts
    item_keys: UInts
    dealer_keys: UInts
    item_names: tuple[tuple[str, str, str], ...]
    dealer_states: tuple[str, ...]
    unit: Ints
    item: Ints
    dealer: Ints
    status: Ints
    status_text: pa.Array
    is_pre_sold: npt.NDArray[np.bool_]
    is_held: npt.NDArray[np.bool_]
    base_msrp: Floats
    dealer_price: Floats
    model_year: pa.Array
    color: pa.Array
    valid_from: Ints
    valid_to: Ints
    days: Ints

    def seen_on(self, day: int) -> Ints:
        """Return the rows valid on `day`; of a unit seen twice, the later row comes last."""
        return np.flatnonzero((self.valid_from <= day) & (self.valid_to >= day))


def read_sightings(path: Path | None) -> VehicleSightings:
    """Read the intervals at `path`, or the committed sample.

    Raises `SourceError` when the file or one of its columns is missing, or a date is.
    """
    path = SAMPLE if path is None else Path(path)
    if not path.exists():
        raise SourceSettingsError(
            f"{path} does not exist: set source.demo_intervals to a Parquet file of intervals"
        )
    table = pq.read_table(path)
    missing = [name for name in INTERVAL_COLUMNS if name not in table.column_names]
    if missing:
        raise SnapshotUnreadableError(
            f"{path} lacks the columns {missing}; it needs {list(INTERVAL_COLUMNS)}: rename its columns "
            "or reshape it with scripts/reshape_demo.py"
        )
    table = table.select(list(INTERVAL_COLUMNS)).sort_by(
        [("unit_id", "ascending"), ("valid_from", "ascending"), ("seg", "ascending")]
    )
    first, last = (table.column(name).cast(pa.date32()) for name in ("valid_from", "valid_to"))
    if first.null_count or last.null_count or not len(table):
        raise SnapshotUnreadableError(
            f"{path} holds no row, or rows without valid_from or valid_to: remove them first"
        )
    return _sightings(table, _numbers(first.cast(pa.int32())), _numbers(last.cast(pa.int32())))


def item_id(series: str, grade: str, drivetrain: str) -> str:
    """Return the readable id of a configuration.

    >>> item_id("4runner", "SR5 Premium", "4x4")
    '4runner-sr5-premium-4x4'
    """
    return re.sub(r"[^a-z0-9.+]+", "-", f"{series}-{grade}-{drivetrain}".lower()).strip("-")


def _sightings(table: pa.Table, first: Ints, last: Ints) -> VehicleSightings:
    texts = {name: table.column(name).cast(pa.string()).fill_null("NaN") for name in _TEXTS}
    unit_ids, unit = _coded(texts["unit_id"].combine_chunks())
    dealer_ids, dealer = _coded(texts["dealer_id"].combine_chunks())
    item_ids, item, item_names = _items(texts, first)
    status_names, status = _coded(texts["status"].combine_chunks())
    codes = np.array([STATUS_CODES.get(name, UNKNOWN) for name in status_names.to_pylist()])
    # of a dealer seen in two states, the earliest row decides: it is known from the first day on
    states = texts["state"].take(pa.array(_first_rows(dealer, first))).to_pylist()
    seen = np.zeros(last.max() - first.min() + 2, dtype=np.int64)
    np.add.at(seen, first - first.min(), 1)
    np.add.at(seen, last - first.min() + 1, -1)
    return VehicleSightings(
        unit_ids=unit_ids,
        item_ids=item_ids,
        dealer_ids=dealer_ids,
        unit_keys=_text_keys(unit_ids),
        item_keys=_text_keys(item_ids),
        dealer_keys=_text_keys(dealer_ids),
        item_names=item_names,
        dealer_states=tuple(states),
        unit=unit,
        item=item,
        dealer=dealer,
        status=codes[status],
        status_text=texts["status"].combine_chunks(),
        is_pre_sold=_numbers(table.column("pre_sold").cast(pa.bool_()).fill_null(False)).astype(bool),
        is_held=_numbers(
            pa.compute.equal(table.column("hold").cast(pa.string()), "DealerHold").fill_null(False)
        ).astype(bool),
        base_msrp=_numbers(table.column("base_msrp").cast(pa.float64())),
        dealer_price=_numbers(table.column("dealer_price").cast(pa.float64())),
        model_year=table.column("model_year").cast(pa.int64()).combine_chunks(),
        color=table.column("color").cast(pa.string()).combine_chunks(),
        valid_from=first,
        valid_to=last,
        days=first.min() + np.flatnonzero(np.cumsum(seen) > 0),
    )


def _coded(texts: pa.Array) -> tuple[pa.Array, Ints]:
    """Return the distinct texts, sorted, and the position of each row's text among them."""
    encoded = texts.dictionary_encode()
    order = pa.compute.sort_indices(encoded.dictionary)
    rank = np.empty(len(order), dtype=np.int64)
    rank[_numbers(order)] = np.arange(len(order))
    return encoded.dictionary.take(order), rank[_numbers(encoded.indices)]


def _items(
    texts: dict[str, pa.ChunkedArray], first: Ints
) -> tuple[pa.Array, Ints, tuple[tuple[str, str, str], ...]]:
    """Return item ids, the item of each row, and (series, grade, drivetrain) of each item.

    Configurations that differ only in case or punctuation are one item.
    """
    parts = [texts[name] for name in ("series", "grade", "drivetrain")]
    joined, code = _coded(pa.compute.binary_join_element_wise(*parts, "\x1f").combine_chunks())
    slugs = pa.array([item_id(*text.split("\x1f")) for text in joined.to_pylist()])
    ids, item = _coded(slugs.take(pa.array(code)))
    rows = pa.array(_first_rows(item, first))
    series, grade, drivetrain = (part.take(rows).to_pylist() for part in parts)
    return ids, item, tuple(zip(series, grade, drivetrain, strict=True))


def _first_rows(code: Ints, first: Ints) -> Ints:
    """Return for each code, ascending, the row with the earliest first day."""
    order = np.argsort(first, kind="stable")
    return np.asarray(order[np.unique(code[order], return_index=True)[1]])


def _text_keys(texts: pa.Array) -> UInts:
    """Return a random key per text that depends on the text alone, not on its neighbours."""
    import pandas as pd

    return np.asarray(pd.util.hash_array(np.array(texts.to_pylist(), dtype=object), categorize=False))


def _numbers(column: pa.Array | pa.ChunkedArray) -> npt.NDArray[Any]:
    return np.asarray(column.to_numpy() if isinstance(column, pa.ChunkedArray) else column.to_numpy(False))
