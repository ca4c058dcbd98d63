"""Text that a spreadsheet would calculate: what it looks like, and CSV in which none of it is calculated.

CSV for people only. `export/` is for machines and stays verbatim; numbers are never touched in either.
"""

from __future__ import annotations

import re
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from orchestration.lake.parquet import write_file

# What makes a spreadsheet read text as a formula; the full-width forms count where those are typed.
RISKY_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
_NUMBER = re.compile(r"[+-]?(\d+([.,]\d*)?|[.,]\d+)([eE][+-]?\d+)?%?")


def is_risky(text: str) -> bool:
    """Whether a spreadsheet would take the text for a formula.

    >>> [is_risky(one) for one in ("=1+1", "-2+3", "-2.5", "+1e3", "A-1", " =1", "＝1")]
    [True, True, False, False, False, True, True]
    """
    # Some readers drop blanks before they look.
    return text.lstrip(" \u00a0").startswith(RISKY_STARTS) and not _NUMBER.fullmatch(text.strip(" \u00a0"))


def shown_text(text: str) -> str:
    """Return the text with an apostrophe before what would be calculated.

    >>> shown_text("=1+1"), shown_text("-12.5")
    ("'=1+1", '-12.5')
    """
    return f"'{text}" if is_risky(text) else text


def write_planner_csv(table: pa.Table, path: Path) -> None:
    """Write rows for people: UTF-8 with a mark that Excel knows it by, texts never calculated.

    Numbers, dates and flags are written as they are, and read back as the same.
    """
    from pyarrow import csv

    columns = []
    for values in table.columns:
        if pa.types.is_dictionary(values.type):
            values = values.cast(values.type.value_type)
        if pa.types.is_string(values.type) or pa.types.is_large_string(values.type):
            texts = pc.unique(values).drop_null().to_pylist()
            risky = [text for text in texts if is_risky(text)]
            if risky:
                found = pc.index_in(values, value_set=pa.array(risky, values.type))
                shown = pa.chunked_array([pa.array([shown_text(text) for text in risky], values.type)])
                values = pc.coalesce(shown.take(found), values)
        columns.append(values)
    # A name of a column is text as well.
    made = pa.table(columns, names=[shown_text(name) for name in table.column_names])

    def write(sibling: Path) -> None:
        with sibling.open("wb") as file:
            file.write(b"\xef\xbb\xbf")
            csv.write_csv(made, file)

    write_file(path, write)
