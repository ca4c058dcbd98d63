"""Sets of options as texts: ids in ascending order, joined by `|`; no option is the empty text."""

from __future__ import annotations

from collections.abc import Iterable

import pandas as pd

SEPARATOR = "|"


def options_of(text: object) -> frozenset[str]:
    """Return the options that a text names; a missing text names none.

    >>> sorted(options_of("TOW|DIESEL")), sorted(options_of("")), sorted(options_of(None))
    (['DIESEL', 'TOW'], [], [])
    """
    if not isinstance(text, str):
        return frozenset()
    return frozenset(part.strip() for part in text.split(SEPARATOR)) - {""}


def text_of(options: Iterable[str]) -> str:
    """Return the text of a set of options.

    >>> text_of({"TOW", "DIESEL"}), text_of(())
    ('DIESEL|TOW', '')
    """
    return SEPARATOR.join(sorted(set(options)))


def in_order(texts: pd.Series) -> pd.Series:
    """Return each text in its one form: ids ascending, each once; a missing text stays missing."""
    once = {text: text_of(options_of(text)) for text in texts.dropna().unique()}
    return texts.map(once).astype(texts.dtype)
