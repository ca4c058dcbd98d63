"""Which options an order has now: those that were ordered, with every approved change that has taken effect.

An approved change counts from the business date of its decision on. Every version is kept where it
came from: version 1 on the order, each later one on its request.
"""

from __future__ import annotations

import pandas as pd


def applied_changes(mto_change_request: pd.DataFrame, as_of: pd.Timestamp) -> pd.DataFrame:
    """Return the approved changes of options that count on `as_of`, oldest first, with their version.

    `mto_change_request` as `opt_in__mto_change_request`. A change without a day of decision counts from
    the day on which it was asked for. Columns: `change_id`, `order_id`, `options`, `effective_date`,
    `version` (2 is the first change of an order).
    """
    effective = mto_change_request["decided_date"].fillna(mto_change_request["request_date"])
    counts = (
        (mto_change_request["change_status"] == "approved")
        & mto_change_request["options"].notna()
        & (effective <= as_of)
    )
    changes = mto_change_request.loc[counts, ["change_id", "order_id", "options"]].assign(
        effective_date=effective[counts]
    )
    changes = changes.sort_values(["effective_date", "change_id"], kind="stable", ignore_index=True)
    return changes.assign(version=changes.groupby("order_id").cumcount() + 2)


def effective_options(
    mto_order: pd.DataFrame, mto_change_request: pd.DataFrame, as_of: pd.Timestamp
) -> pd.DataFrame:
    """Return per order its options on `as_of`, their version, and the day from which they count.

    One row per row of `mto_order` (`opt_in__mto_order`), in its order: `order_id`, `options`, `version`,
    `effective_date` (the day of the confirmation, else of the order, where nothing was changed).

    >>> orders = pd.DataFrame({"order_id": ["o"], "options": ["A"], "confirmed_date": [pd.NaT],
    ...                        "order_date": [pd.Timestamp("2024-01-02")]})
    >>> changes = pd.DataFrame({"change_id": ["c"], "order_id": ["o"], "options": ["A|B"],
    ...                         "change_status": ["approved"], "request_date": [pd.Timestamp("2024-01-03")],
    ...                         "decided_date": [pd.Timestamp("2024-01-05")]})
    >>> [effective_options(orders, changes, pd.Timestamp(day))["options"][0]
    ...  for day in ("2024-01-04", "2024-01-05")]
    ['A', 'A|B']
    """
    newest = applied_changes(mto_change_request, as_of).drop_duplicates("order_id", keep="last")
    newest = newest.set_index("order_id")
    ordered = mto_order["confirmed_date"].fillna(mto_order["order_date"])
    ids = mto_order["order_id"]
    return pd.DataFrame(
        {
            "order_id": ids,
            "options": ids.map(newest["options"]).fillna(mto_order["options"]),
            "version": ids.map(newest["version"]).fillna(1).astype("int64"),
            "effective_date": ids.map(newest["effective_date"]).fillna(ordered),
        }
    )


def with_effective_options(
    mto_order: pd.DataFrame, mto_change_request: pd.DataFrame, as_of: pd.Timestamp
) -> pd.DataFrame:
    """Return `mto_order` with each order's options as they are on `as_of`."""
    return mto_order.assign(options=effective_options(mto_order, mto_change_request, as_of)["options"])
