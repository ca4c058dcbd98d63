"""The words of operations and their codes: what may be done, what it was for, why it was refused.

Codes are places in these tuples. The compiled kernel has the same codes as constants of its own file,
because the compiler's cache watches that file alone; a test compares the two.
"""

from __future__ import annotations

import numpy as np

from optimization.allocation.book import Integers, Texts
from optimization.contracts.allocation_columns import OPERATIONS, SYSTEM_OPERATIONS

OPERATION_NAMES = (*OPERATIONS, *SYSTEM_OPERATIONS)
UNKNOWN_OPERATION = -1

# Pools that are none.
UNKNOWN_POOL = -1
OTHER_LEVEL = -2

# Segments that are none. No segment and POOL are the same: what is not segmented.
COMMON = -1
UNKNOWN_SEGMENT = -2
BROKEN_PREFIX = -3

# Why an operation took effect, or a line came about; the first `ACCEPTED` codes.
_ACCEPTING = (
    "AS_ASKED",
    "BORROWED_FROM_POOL",
    "RESERVED_BEFORE",
    "REBALANCE_REQUESTED",
    "LOAN_RETURNED",
    "LOAN_LAPSED",
    "RESERVATION_ENDED",
    "SUPPLY_CUT",
)
# Why it did not, in the order in which the rules are checked.
_REFUSING = (
    "EVENT_AHEAD",
    "UNKNOWN_OPERATION",
    "UNKNOWN_POOL",
    "WRONG_LEVEL",
    "UNKNOWN_SEGMENT",
    "BROKEN_PREFIX",
    "ACTION_MISSING",
    "DUPLICATE_ACTION",
    "UNITS_IMPLAUSIBLE",
    "UNITS_NOT_POSITIVE",
    "NOT_WHOLE_UNITS",
    "SEGMENT_MISSING",
    "SAME_SEGMENT",
    "POOL_SHORT",
    "QUOTA_SHORT",
    "BEYOND_ALLOWANCE",
    "SUPPLY_SHORT",
    "RESERVATION_MISSING",
    "RESERVATION_EXISTS",
    "RESERVATION_UNKNOWN",
    "RESERVATION_ELSEWHERE",
    "RESERVATION_OVER",
    "RESERVATION_SHORT",
    "EXPIRY_NOT_AHEAD",
)
ACCEPTED = len(_ACCEPTING)
REASON_CODES = (*_ACCEPTING, *_REFUSING)

# In the order of the kernel's codes; a reservation may further be broken, by a count that found less.
RESERVATION_STATES = ("ACTIVE", "CONSUMED", "RELEASED", "EXPIRED")

_PURPOSE_OF = {
    "allocate": "SEGMENT_ALLOCATION",
    "unallocate": "SEGMENT_ALLOCATION",
    "reallocate": "SEGMENT_REALLOCATION",
    "consume": "SEGMENT_CONSUMPTION",
    "reserve": "RESERVATION",
    "extend": "RESERVATION",
    "release": "RESERVATION",
    "offset": "SEGMENT_CONSUMPTION",
    "adjust": "SUPPLY_ADJUSTMENT",
    "rebalance": "SEGMENT_REALLOCATION",
    "sync": "SUPPLY_SYNC",
    "cut": "SUPPLY_ADJUSTMENT",
    "return": "RETURN",
    "expire": "EXPIRE",
    "settle": "SUPPLY_SYNC",
}


def names_of(codes: Integers, names: tuple[str, ...], otherwise: str = "unknown") -> Texts:
    """Words for codes; `otherwise` for -1.

    >>> names_of(np.array([3, -1]), OPERATION_NAMES).tolist()
    ['consume', 'unknown']
    """
    table: Texts = np.array([*names, otherwise], dtype=object)
    words: Texts = table[codes]
    return words


def purposes_of(operations: Integers) -> Texts:
    """What each operation was for.

    >>> purposes_of(np.array([0, 13])).tolist()
    ['SEGMENT_ALLOCATION', 'EXPIRE']
    """
    return names_of(operations, tuple(_PURPOSE_OF[name] for name in OPERATION_NAMES), "OVERRIDE")
