"""What lies in the inbox and is no plain file of a plain size: refused at once, and nothing outside read."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from orchestration.ims.connector import SourceError
from orchestration.ims.files import FilesConnector
from orchestration.ims.inbox import InboxLimits
from orchestration.ims.mapping import Mapping, read_mapping
from orchestration.ims.registry import open_connector
from orchestration.settings import Settings

DAY = date(2024, 1, 31)
SECRET = "of-another-user-7f3a"  # noqa: S105 - planted to be looked for
# Seconds within which anything must be refused, on a busy machine too.
AT_ONCE = 5.0


def _outside(folder: Path) -> Path:
    path = folder.parents[1] / "secret.csv"
    path.write_text(f"item_id\n{SECRET}\n", encoding="utf-8")
    return path


def _link(folder: Path) -> None:
    (folder / "item.csv").symlink_to(_outside(folder))


def _link_within(folder: Path) -> None:
    (folder / "other.csv").write_text("item_id\nA\n", encoding="utf-8")
    (folder / "item.csv").symlink_to("other.csv")


def _dead_link(folder: Path) -> None:
    (folder / "item.csv").symlink_to(folder / "nowhere.csv")


def _linked_folder(folder: Path) -> None:
    elsewhere = folder.parents[1] / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "item.csv").write_text(f"item_id\n{SECRET}\n", encoding="utf-8")
    folder.rmdir()
    folder.symlink_to(elsewhere, target_is_directory=True)


def _pipe(folder: Path) -> None:
    os.mkfifo(folder / "item.csv")


def _device(folder: Path) -> None:
    (folder / "item.csv").symlink_to("/dev/zero")


def _folder_of_the_name(folder: Path) -> None:
    (folder / "item.csv").mkdir()


def _sparse(folder: Path) -> None:
    with (folder / "item.csv").open("wb") as file:
        file.truncate(10 * 2**30)


def _wide(folder: Path) -> None:
    (folder / "item.csv").write_text(",".join(f"c{n}" for n in range(100_000)) + "\n", encoding="utf-8")


def _many_rows(folder: Path) -> None:
    """A hundred million rows in a file of some kilobytes: each row group says one value a million times."""
    one = pa.table({"item_id": pa.array(["A"] * 1_000_000).dictionary_encode()})
    with pq.ParquetWriter(folder / "item.parquet", one.schema) as writer:
        for _ in range(100):
            writer.write_table(one)


def _swelling(folder: Path) -> None:
    """A gigabyte of text in a file of some kilobytes."""
    texts = pa.table({"item_id": pa.array(["A" * 10_000] * 5_000)})
    with pq.ParquetWriter(folder / "item.parquet", texts.schema, compression="zstd") as writer:
        for _ in range(20):
            writer.write_table(texts)


def _packed(folder: Path) -> None:
    import gzip

    (folder / "item.csv").write_bytes(gzip.compress(b"item_id\n" + b"A" * 50_000_000))


@pytest.mark.parametrize(
    ("deliver", "says"),
    [
        (_link, "is not a file inside the inbox"),
        (_link_within, "is not a file inside the inbox"),
        (_dead_link, "is not a file inside the inbox"),
        (_linked_folder, "is not a file inside the inbox"),
        (_pipe, "is not a file inside the inbox"),
        (_device, "is not a file inside the inbox"),
        (_folder_of_the_name, "is not a file inside the inbox"),
        (_sparse, "sealing.max_file_mb"),
        (_wide, "sealing.max_table_columns"),
        (_many_rows, "sealing.max_table_rows"),
        (_swelling, "in memory"),
        (_packed, "cannot be read"),
    ],
    ids=lambda value: value.__name__.strip("_") if callable(value) else "",
)
def test_what_is_no_plain_file_is_refused_at_once(tmp_path: Path, deliver: Callable[[Path], None], says: str):
    folder = tmp_path / "inbox" / DAY.isoformat()
    folder.mkdir(parents=True)
    deliver(folder)
    limits = InboxLimits(max_bytes=50 * 2**20, max_rows=10_000_000)
    started = time.monotonic()
    with pytest.raises(SourceError) as refused:
        FilesConnector(tmp_path / "inbox", limits=limits).extract(DAY, None)
    assert time.monotonic() - started < AT_ONCE
    assert says in str(refused.value)
    assert SECRET not in str(refused.value)


def test_the_settings_bound_what_the_connector_reads(tmp_path: Path):
    folder = tmp_path / "inbox" / DAY.isoformat()
    folder.mkdir(parents=True)
    (folder / "item.csv").write_text("item_id\n" + "A\n" * 11, encoding="utf-8")
    source = {"connector": "files", "inbox": tmp_path / "inbox"}
    connector = open_connector(Settings(source=source, sealing={"max_table_rows": 10}))
    with pytest.raises(SourceError, match="has 11 rows and may have 10"):
        connector.extract(DAY, None)


@pytest.mark.parametrize(
    "name",
    [
        "../x.csv",
        "/etc/passwd",
        "a/b.csv",
        "..",
        ".hidden.csv",
        "a\x00.csv",
        "x.csv.gz",
        "x.zip",
        "..\\x.csv",
    ],
)
def test_a_mapping_names_only_plain_files_of_the_folder(tmp_path: Path, name: str):
    path = tmp_path / "mapping.yaml"
    path.write_text(f"tables:\n  item:\n    file: {name!r}\n", encoding="utf-8")
    with pytest.raises(SourceError):
        read_mapping(path, Mapping)
