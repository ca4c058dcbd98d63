"""Whether a sealed file is still the one that was sealed."""

from __future__ import annotations

from pathlib import Path

from optimization.errors import StockplanError
from orchestration.lake.hashing import file_sha256, logical_hash
from orchestration.lake.parquet import read_arrow


class SealedFileError(StockplanError):
    """A sealed file or its manifest is gone or changed; the message names it and the repair."""


def sealed_file_fault(path: Path, sha256: str, rows_hash: str) -> str:
    """Say what is wrong with a sealed file; empty when it is the one that was sealed.

    By the hash of its bytes where sealing recorded it, else by that of its rows.
    """
    if not path.is_file():
        return "is gone"
    if sha256:
        return (
            "" if file_sha256(path) == sha256 else "was changed after it was sealed (its bytes' hash differs)"
        )
    rows = logical_hash(read_arrow(path), exclude=["snapshot_date"])
    return "" if rows == rows_hash else "was changed after it was sealed (its rows' hash differs)"
