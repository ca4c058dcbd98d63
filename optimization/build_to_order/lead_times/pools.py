"""Groups of orders whose durations are learnt together, from the narrowest to all."""

from __future__ import annotations

import pandas as pd

# Narrowest first; a group lies within that of the next level.
POOL_LEVELS = ("plant_model_class", "plant_class", "plant", "all")
ALL_KEY = "*"
_PARTS = {
    "plant_model_class": ("plant_id", "lead_time_class", "model"),
    "plant_class": ("plant_id", "lead_time_class"),
    "plant": ("plant_id",),
    "all": (),
}


def pool_keys(orders: pd.DataFrame) -> pd.DataFrame:
    """Key of each order's group per level (n, 4): plant, lead-time class and model, joined by `|`.

    `orders` has `plant_id` (null: an order that no plant has yet), `model` and `lead_time_class`.

    >>> pool_keys(pd.DataFrame({"plant_id": ["P1"], "model": ["M"], "lead_time_class": ["special"]})
    ...     ).iloc[0].tolist()
    ['P1|special|M', 'P1|special', 'P1', '*']
    """
    keys = {}
    for level, parts in _PARTS.items():
        key = pd.Series(ALL_KEY if not parts else "", index=orders.index, dtype=object)
        for number, part in enumerate(parts):
            text = orders[part].astype(object).where(orders[part].notna(), "-").astype(str)
            key = key + ("|" if number else "") + text
        keys[level] = key
    return pd.DataFrame(keys)
