"""Reshape the scraped vehicle intervals once into the sample that the demo ships.

Only two columns change: the VIN becomes `unit_id` and the dealer's name becomes `dealer_id`, both by
a keyed hash whose key is drawn here, used once and kept nowhere, so that nobody can walk back by
hashing known VINs. Everything else stays as it was found, defects included. Two runs therefore
give other pseudonyms; the committed file is the one that counts.

Usage: python scripts/reshape_demo.py toyota_vin_intervals.parquet
"""

from __future__ import annotations

import argparse
import hashlib
import hmac
import secrets
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from orchestration.ims.demo.intervals import INTERVAL_COLUMNS, SAMPLE


def pseudonymised(table: pa.Table, key: bytes) -> pa.Table:
    """Return `table` with `vin` and `dealer` replaced, its columns and rows in the sample's order."""

    def pseudonyms(column: str, prefix: str, digits: int) -> pa.Array:
        names = table.column(column).combine_chunks().dictionary_encode()
        hashed = [
            prefix + hmac.new(key, f"{column}:{name}".encode(), hashlib.sha256).hexdigest()[:digits]
            for name in names.dictionary.to_pylist()
        ]
        if len(set(hashed)) != len(hashed):
            raise ValueError(f"two values of {column} share a pseudonym: run again for another key")
        return pa.array(hashed).take(names.indices)

    columns = {name: table.column(name) for name in table.column_names if name not in ("vin", "dealer")}
    columns["unit_id"] = pseudonyms("vin", "U", 16)
    columns["dealer_id"] = pseudonyms("dealer", "D", 8)
    renamed = pa.table({name: columns[name] for name in INTERVAL_COLUMNS})
    return renamed.sort_by([("unit_id", "ascending"), ("valid_from", "ascending")])


def main() -> None:
    """Read the file named on the command line and write the committed sample."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("intervals", type=Path, help="Parquet file with the scraped intervals")
    parser.add_argument("--out", type=Path, default=SAMPLE, help="where to write the sample")
    arguments = parser.parse_args()
    sample = pseudonymised(pq.read_table(arguments.intervals), secrets.token_bytes(32))
    unfinished = arguments.out.with_suffix(".unfinished")
    pq.write_table(sample, unfinished, compression="zstd", compression_level=19)
    unfinished.replace(arguments.out)


if __name__ == "__main__":
    main()
