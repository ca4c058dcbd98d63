"""The type of a column of texts, checked over the whole column before any value of it is looked at."""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd
from pandera.dtypes import DataType, immutable
from pandera.engines.pandas_engine import NpString
from pandera.engines.type_aliases import PandasObject


@immutable
class Text(NpString):  # type: ignore[misc]  # pandera does not type its engines
    """Texts and nulls, whatever their storage; it refuses what pandera's `str` refuses."""

    def check(
        self, pandera_dtype: DataType, data_container: PandasObject | None = None
    ) -> bool | Iterable[bool]:
        """Whether the column is one of texts, or which of its values are.

        >>> from pandera.engines.pandas_engine import Engine
        >>> def check(*values: object) -> Any:
        ...     column = pd.Series(values, dtype=object)
        ...     return Text().check(Engine.dtype(column.dtype), column)
        >>> check("a", None)
        True
        >>> check("a", 1).tolist()
        [True, False]
        """
        # pandera asks every value in Python and makes a frame of the answers; this asks them in C.
        is_object = isinstance(data_container, pd.Series) and data_container.dtype == object
        if is_object and pd.api.types.infer_dtype(data_container, skipna=True) in ("string", "empty"):
            return True
        result: bool | Iterable[bool] = super().check(pandera_dtype, data_container)
        return result
