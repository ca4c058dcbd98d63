"""The content of a plan version: its rows as canonical text, and the fingerprint that approvals name."""

from __future__ import annotations

import hashlib

import numpy as np
import pandas as pd

from optimization.contracts.allocation_tables import ALLOCATION_RULE

# The state is what is decided of the content, so it is no part of it.
_CONTENT = tuple(column for column in ALLOCATION_RULE.columns if column.name != "plan_state")


def content_hash(rules: pd.DataFrame) -> str:
    """Fingerprint (SHA-256) of one plan version's rows; neither row order nor dtypes change it.

    `rules` has the columns of `opt_in__allocation_rule`; an optional one that is absent counts as
    null. The author and the dates are part of the content, the plan's state is not.

    >>> rows = pd.DataFrame({"plan_id": "P", "rule_id": "R", "segment_id": ["A", "B"]})
    >>> content_hash(rows) == content_hash(rows.iloc[::-1].assign(plan_state="approved"))
    True
    """
    lines = sorted(row_text(row) for _, row in rules.iterrows())
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def row_text(row: pd.Series) -> str:
    """One row as canonical text, whatever the dtypes it came in."""
    parts = []
    for column in _CONTENT:
        if column.kind in ("number", "integer"):
            number = number_of(row, column.name)
            # Adding nothing turns -0.0, which equals 0.0, into its text.
            parts.append("" if np.isnan(number) else repr(number + 0.0))
        elif column.kind == "date":
            day = date_of(row, column.name)
            parts.append("" if day is None else day.date().isoformat())
        else:
            # Quoted, so that no text can look like two.
            parts.append(repr(text_of(row, column.name)))
    return "|".join(parts)


def text_of(row: pd.Series, name: str) -> str:
    """Text of the row's column; "" where it is null or absent."""
    value = row.get(name)
    return "" if value is None or pd.isna(value) else str(value)


def number_of(row: pd.Series, name: str) -> float:
    """Number in the row's column; nan where it is null or absent."""
    value = row.get(name)
    return np.nan if value is None or pd.isna(value) else float(value)


def date_of(row: pd.Series, name: str) -> pd.Timestamp | None:
    """Date in the row's column; None where it is null or absent."""
    value = row.get(name)
    return None if value is None or pd.isna(value) else pd.Timestamp(value).normalize()
