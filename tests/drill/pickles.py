"""Files that run when they are read: how they are found, and evil ones that must not be."""

from __future__ import annotations

import os
import pickle
from collections.abc import Iterable
from pathlib import Path

# How pickles of the protocols 2 to 5 begin, and how every pickle ends.
_STARTS = tuple(b"\x80" + bytes([protocol]) for protocol in range(2, 6))
_END = b"."


class _Touches:
    """An object whose pickle makes a file when somebody loads it."""

    def __init__(self, sentinel: Path) -> None:
        self.sentinel = sentinel

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.system, (f"touch '{self.sentinel}'",)


def pickles_in(folder: Path) -> list[str]:
    """Return the files under `folder` that are pickles, by how they begin and end."""
    found = []
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not path.is_symlink():
            content = path.read_bytes()
            if content.startswith(_STARTS) and content.endswith(_END):
                found.append(path.relative_to(folder).as_posix())
    return found


def plant(storage: Path, assets: Iterable[str], partition: str, sentinel: Path) -> int:
    """Put an evil pickle where Dagster would look for the stored value of each asset; return how many."""
    evil = pickle.dumps(_Touches(sentinel))
    paths = [storage / asset / partition for asset in assets]
    for path in paths:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(evil)
    return len(paths)
