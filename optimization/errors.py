"""The errors the science raises: each names what is wrong, where, and what to do about it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd


class StockplanError(Exception):
    """Base of every error that Stockplan raises on purpose."""


class ContractError(StockplanError):
    """A frame does not keep the contract of its border table."""

    @classmethod
    def from_failure_cases(cls, table: str, cases: pd.DataFrame, most: int = 5) -> ContractError:
        """Build the message from pandera's failure cases, naming at most `most` of them."""
        lines = [
            f"  column {row.column!r}, rule {row.check!r}, row {row.index}, value {row.failure_case!r}"
            for row in cases.head(most).itertuples(index=False)
        ]
        more = f"\n  … and {len(cases) - most} more" if len(cases) > most else ""
        return cls(
            f"{table} does not keep its contract ({len(cases)} failures):\n"
            + "\n".join(lines)
            + more
            + f"\nRepair the producer of {table}, or the statement in its contract."
        )


class NonFiniteInputError(StockplanError):
    """A model input holds NaN or infinity; a solver would silently call it optimal."""


class SolverError(StockplanError):
    """The solver ended in a status from which no plan may be read."""


class AuditError(StockplanError):
    """A solution failed the independent audit against its source data."""
