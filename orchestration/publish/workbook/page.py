"""What the sheets share: the page they print on, and headings that say what a column means."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from orchestration.publish.reading import Meaning, ReleaseReader, label
from orchestration.publish.workbook.cells import Look, cell_text

if TYPE_CHECKING:
    from xlsxwriter.workbook import Workbook
    from xlsxwriter.worksheet import Worksheet

HEAD, PAPER, RED, AMBER, ENTRY, FAINT = "#243B53", "#FFFFFF", "#9B1C1C", "#8A5A00", "#FFF8DB", "#767676"
BANNER_ROW, HEAD_ROW, FIRST_ROW = 0, 1, 2
_A4 = 9


def new_sheet(book: Workbook, name: str, source: ReleaseReader) -> Worksheet:
    """Add a sheet that prints landscape, as wide as the paper, with the release at its foot."""
    sheet = book.add_worksheet(name)
    sheet.set_landscape()
    sheet.set_paper(_A4)
    sheet.fit_to_pages(1, 0)
    sheet.set_footer(f"&L{source.release.release_id}&C&A&RPage &P of &N")
    return sheet


def write_head(
    sheet: Worksheet,
    look: Look,
    table: str,
    names: Sequence[str],
    meanings: Sequence[Meaning],
    row: int,
    exact: bool = False,
) -> None:
    """Write headings with their notes; `exact` keeps the published names as they are."""
    head = look.format(
        bold=True, bg_color=HEAD, font_color=PAPER, text_wrap=True, border=1, border_color="#829AB1"
    )
    sheet.set_row(row, 46)
    for place, (name, meaning) in enumerate(zip(names, meanings, strict=True)):
        unit = f"\n[{meaning.unit}]" if meaning.unit and not exact else ""
        sheet.write_string(
            row, place, name if exact else f"{label(name).removesuffix(f' {meaning.unit}')}{unit}", head
        )
        note = "\n".join(
            part
            for part in (
                f"{table}.{name}",
                meaning.description,
                f"Unit: {meaning.unit}" if meaning.unit else "",
                f"Formula: {meaning.formula}" if meaning.formula else "",
            )
            if part
        )
        sheet.write_comment(
            row, place, cell_text(note), {"x_scale": 2.0, "y_scale": 1.4, "author": "Stockplan"}
        )
