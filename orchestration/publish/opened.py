"""What people open of a release: its workbook and its report, and the doors to the current one's.

Written after the release from its published tables, beside it and not in it: they can be made again at
any time, and a release stays published when one of them cannot be written.
"""

from __future__ import annotations

from pathlib import Path

from orchestration.lake.parquet import write_file, write_text
from orchestration.lake.paths import Lake
from orchestration.publish.doors import place_link
from orchestration.publish.reading import ReleaseReader, standing_of
from orchestration.publish.release import publishing_alone
from orchestration.publish.shelf import Release, pointed_id

WORKBOOK, REPORT = "stockplan.xlsx", "report.html"
# The assets that follow a release: when one fails, the release of the run is published all the same.
AFTER_RELEASE = ("workbook", "report", "serving")


def open_workbook(release: Release, lake: Lake, most_rows: int) -> tuple[Path, int]:
    """Write the workbook of a release and bring its door to it if the release is current.

    `most_rows`: rows per sheet. Returns the file and how many sheets it has.
    """
    from orchestration.publish.workbook.writing import write_workbook

    path = lake.open_dir(release.release_id) / WORKBOOK
    source = ReleaseReader(release, standing_of(release, lake))
    sheets: list[str] = []
    write_file(path, lambda sibling: sheets.extend(write_workbook(source, sibling, most_rows)))
    _bring_door(lake.workbook_door, path, release, lake)
    return path, len(sheets)


def open_report(release: Release, lake: Lake) -> tuple[Path, int]:
    """Write the report of a release and bring its door to it if the release is current.

    Returns the file and how many bytes it weighs.
    """
    from orchestration.publish.report.writing import report_page

    path = lake.open_dir(release.release_id) / REPORT
    write_text(report_page(ReleaseReader(release, standing_of(release, lake))), path)
    _bring_door(lake.report_door, path, release, lake)
    return path, path.stat().st_size


def bring_opened(release: Release, lake: Lake, most_rows: int) -> None:
    """Let the doors lead to the workbook and the report of the current release; write what it lacks."""
    folder = lake.open_dir(release.release_id)
    if (folder / WORKBOOK).is_file():
        _bring_door(lake.workbook_door, folder / WORKBOOK, release, lake)
    else:
        open_workbook(release, lake, most_rows)
    if (folder / REPORT).is_file():
        _bring_door(lake.report_door, folder / REPORT, release, lake)
    else:
        open_report(release, lake)


def _bring_door(door: Path, path: Path, release: Release, lake: Lake) -> None:
    with publishing_alone(lake):
        if pointed_id(lake) == release.release_id:
            place_link(door, path)
