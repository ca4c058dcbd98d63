"""Content from elsewhere as plain JSON: what ledger, manifest and evidence can keep."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any


def plain_json(content: Any) -> Any:
    """Return `content` as JSON reads it back: no NaN and no infinity (null), dates and paths as text.

    >>> plain_json({"gap": float("inf"), "ids": ("a",), 1: None})
    {'gap': None, 'ids': ['a'], '1': None}
    """
    return json.loads(json.dumps(_finite(content), default=str, allow_nan=False))


def _finite(content: Any) -> Any:
    if isinstance(content, Mapping):
        return {str(key): _finite(value) for key, value in content.items()}
    if isinstance(content, list | tuple):
        return [_finite(value) for value in content]
    return None if isinstance(content, float) and not math.isfinite(content) else content
