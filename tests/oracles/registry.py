"""Which function answers which topic; one module per group of topics registers its own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Answer = Callable[[dict[str, Any]], Any]

ANSWERS: dict[str, Answer] = {}


def answers(*topics: str) -> Callable[[Answer], Answer]:
    """Register a function for topics: it takes a case's `inputs` and returns what was `expected`."""

    def register(function: Answer) -> Answer:
        for topic in topics:
            if topic in ANSWERS:
                raise ValueError(f"topic {topic!r} is answered twice")
            ANSWERS[topic] = function
        return function

    return register


def load_all() -> dict[str, Answer]:
    """Import every topic module beside this one and return the registry."""
    import importlib
    import pkgutil

    import tests.oracles.topics as topics

    for module in pkgutil.iter_modules(topics.__path__):
        importlib.import_module(f"{topics.__name__}.{module.name}")
    return ANSWERS
