"""Ids of messages and of tracked orders: the same for the same content, on every machine and in every run."""

from __future__ import annotations

import hashlib

import pandas as pd

_SEPARATOR = "\x1f"
_ID_BYTES = 12
_CONTEXT = b"order tracking"


def message_id(kind: str, subject: str, *content: object) -> str:
    """Return the id of a message about `subject`; `content` is what makes it another one than before.

    >>> message_id("delay", "o1", "late") == message_id("delay", "o1", "late")
    True
    >>> message_id("delay", "o1", "late") == message_id("delay", "o1", "at_risk")
    False
    """
    told = _SEPARATOR.join((kind, subject, *(_text(one) for one in content)))
    return hashlib.blake2b(told.encode(), digest_size=_ID_BYTES).hexdigest()


def tracking_id(order_id: str, key: str) -> str:
    """Return what a customer follows an order by; nobody without `key` can tell the order from it.

    A keyed hash (BLAKE2b, RFC 7693) with a context of its own. `key`: up to 64 bytes; everyone who
    knows it can reckon the ids of orders whose own ids he guesses.

    >>> len(tracking_id("o1", "secret")), tracking_id("o1", "secret") == tracking_id("o1", "other")
    (24, False)
    """
    keyed = hashlib.blake2b(order_id.encode(), digest_size=_ID_BYTES, key=key.encode(), person=_CONTEXT)
    return keyed.hexdigest()


def _text(value: object) -> str:
    if isinstance(value, pd.Timestamp):
        return value.isoformat()
    return "" if value is None or value is pd.NaT else str(value)
