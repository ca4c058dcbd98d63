"""Whether an item-location is still replenished: one rule, for the policy and the network alike."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd


def is_closed(item_location: pd.DataFrame) -> npt.NDArray[np.bool_]:
    """Past the last order date, or obsolete: no automatic replenishment; stock runs down.

    >>> frame = pd.DataFrame({"lifecycle_status": ["active", "obsolete"], "last_order_date": pd.NaT,
    ...     "as_of": pd.Timestamp("2024-01-01")})
    >>> is_closed(frame).tolist()
    [False, True]
    """
    last = item_location["last_order_date"]
    past = last.notna() & (last < item_location["as_of"])
    return np.asarray(past | (item_location["lifecycle_status"] == "obsolete"), dtype=np.bool_)
