"""What every public function returns beside its frames: a report of figures, without clocks."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

Mapper = Callable[[Callable[[Any], Any], Sequence[Any]], Iterable[Any]]
"""Spreads a function over a sequence and keeps its order; the builtin `map` is one."""


class Report(dict[str, int | float | str]):
    """Named figures of one run: rows in and out, rows by status and by reason.

    Wall and CPU times are left out: a report belongs to the content and must repeat.
    """

    @classmethod
    def of(cls, rows_in: int, frame: pd.DataFrame, **figures: int | float | str) -> Report:
        """Count `frame` by `status` and `reason_code` and add further `figures`.

        >>> import pandas as pd
        >>> Report.of(2, pd.DataFrame({"status": ["OK", "OK"]}), items=1)
        {'rows_in': 2, 'rows_out': 2, 'status_OK': 2, 'items': 1}
        """
        report = cls(rows_in=rows_in, rows_out=len(frame))
        for column, prefix in (("status", "status"), ("reason_code", "reason")):
            if column in frame.columns:
                counts = frame[column].value_counts()
                for name in sorted(counts.index):
                    report[f"{prefix}_{name}"] = int(counts[name])
        report.update(figures)
        return report
