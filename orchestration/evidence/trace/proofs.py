"""Whether a file behind a number is the one that was read, and how its rows are told."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from optimization.errors import StockplanError
from orchestration.evidence.trace.rows import Found
from orchestration.lake.hashing import file_sha256
from orchestration.lake.paths import Lake

PROVED, REPLACED, UNKNOWN = "proved", "replaced", "unknown"


class TraceError(StockplanError):
    """A number cannot be traced; the message says which there are."""


def proof_of(path: Path, recorded: str | None) -> tuple[str, str | None]:
    """Return what is known of a file, given the hash recorded of it, and the hash that it has now."""
    sha256 = file_sha256(path) if path.is_file() else None
    if sha256 is None or (recorded is not None and recorded != sha256):
        return REPLACED, sha256
    return (UNKNOWN if recorded is None else PROVED), sha256


def found_content(found: Found, lake: Lake) -> dict[str, Any]:
    """Return found rows as content; their files as paths below the lake."""
    root = lake.root.as_posix() + "/"
    return {
        "n_rows": found.n_rows,
        "selected_by": {name: list(wanted) for name, wanted in found.selected_by.items()},
        "rows": [{**row, "file": str(row["file"]).removeprefix(root)} for row in found.rows],
    }


def relative_to_lake(path: Path, lake: Lake) -> str:
    """Return a file's path below the lake, the same on every machine."""
    return path.relative_to(lake.root).as_posix()
