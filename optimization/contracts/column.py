"""The class that states a column: one quantity, once, for every table that carries it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    import pandera.pandas as pandera

Kind = Literal["text", "integer", "number", "flag", "date", "timestamp"]

# pandas dtypes by (kind, nullable). Dates and timestamps are naive UTC nanoseconds, so that a
# frame read from Parquet and one made in a test compare equal; text is `str`, which holds both
# with and without pandas' future.infer_string.
_PANDAS_DTYPES: dict[tuple[Kind, bool], object] = {
    ("text", False): str,
    ("text", True): str,
    ("integer", False): "int64",
    ("integer", True): "Int64",
    ("number", False): "float64",
    ("number", True): "float64",
    ("flag", False): "bool",
    ("flag", True): "boolean",
    ("date", False): "datetime64[ns]",
    ("date", True): "datetime64[ns]",
    ("timestamp", False): "datetime64[ns]",
    ("timestamp", True): "datetime64[ns]",
}


@dataclass(frozen=True)
class Column:
    """One quantity, stated once for every table that carries it.

    `unit` is the physical or monetary unit (`units`, `days`, `money`, `share`, …); `ge`, `gt`,
    `le` bound numbers, `isin` closes a list of texts.
    """

    name: str
    kind: Kind
    description: str
    unit: str | None = None
    ge: float | None = None
    gt: float | None = None
    le: float | None = None
    isin: tuple[str, ...] | None = None

    def pandas_dtype(self, nullable: bool) -> object:
        """The dtype this column has in a frame; `str` means text, whatever its storage."""
        return _PANDAS_DTYPES[self.kind, nullable]

    def checks(self) -> list[pandera.Check]:
        """Return the checks of the column's values; a number is always finite."""
        import numpy as np
        import pandera.pandas as pandera

        checks = []
        if self.kind == "number":
            checks.append(pandera.Check(np.isfinite, name="finite", ignore_na=True))
        if self.ge is not None:
            checks.append(pandera.Check.ge(self.ge))
        if self.gt is not None:
            checks.append(pandera.Check.gt(self.gt))
        if self.le is not None:
            checks.append(pandera.Check.le(self.le))
        if self.isin is not None:
            checks.append(pandera.Check.isin(list(self.isin)))
        return checks
