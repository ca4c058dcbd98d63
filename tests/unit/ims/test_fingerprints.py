"""A delivery's fingerprint: the same while nothing is delivered, another as soon as something is."""

from __future__ import annotations

import os
import shutil
from datetime import date
from pathlib import Path

from orchestration.ims.demo import DemoConnector
from orchestration.ims.demo.intervals import SAMPLE
from orchestration.ims.files import FilesConnector
from orchestration.ims.generator import GeneratedConnector, generate_to_folder

DAY, NEXT_DAY = date(2024, 3, 1), date(2024, 3, 2)


def _inbox(folder: Path) -> Path:
    for day in (DAY, NEXT_DAY):
        (folder / day.isoformat()).mkdir(parents=True)
        (folder / day.isoformat() / "item.csv").write_text("item_id\nA\n")
    return folder


def test_files_change_with_content_size_names_and_time(tmp_path: Path) -> None:
    inbox = _inbox(tmp_path)
    source = FilesConnector(inbox)
    seen = [source.fingerprint(DAY)]
    assert source.fingerprint(DAY) == seen[0]
    other_day = source.fingerprint(NEXT_DAY)
    file = inbox / DAY.isoformat() / "item.csv"
    file.write_text("item_id\nA\nB\n")
    seen.append(source.fingerprint(DAY))
    os.utime(file, ns=(1, 1))
    seen.append(source.fingerprint(DAY))
    file.rename(file.with_name("location.csv"))
    seen.append(source.fingerprint(DAY))
    shutil.rmtree(file.parent)
    seen.append(source.fingerprint(DAY))
    assert len(set(seen)) == len(seen)
    assert source.fingerprint(NEXT_DAY) == other_day
    assert other_day not in seen


def test_the_demo_changes_with_file_seed_and_date(tmp_path: Path) -> None:
    copy = tmp_path / "same.parquet"
    shutil.copyfile(SAMPLE, copy)
    assert DemoConnector(copy, 1).fingerprint(DAY) == DemoConnector(None, 1).fingerprint(DAY)
    copy.write_bytes(copy.read_bytes() + b" ")
    told = [
        DemoConnector(None, 1).fingerprint(DAY),
        DemoConnector(None, 1).fingerprint(NEXT_DAY),
        DemoConnector(None, 2).fingerprint(DAY),
        DemoConnector(copy, 1).fingerprint(DAY),
    ]
    assert len(set(told)) == len(told)


def test_the_generator_changes_with_what_it_was_asked_for(tmp_path: Path) -> None:
    def source(name: str, seed: int) -> GeneratedConnector:
        return GeneratedConnector(generate_to_folder(tmp_path / name, 20, 5, seed))

    day = source("a", 1).business_dates()[-1]
    same, other = source("b", 1), source("c", 2)
    assert source("d", 1).fingerprint(day) == same.fingerprint(day)
    assert len({same.fingerprint(day), other.fingerprint(day), same.fingerprint(DAY)}) == 3
