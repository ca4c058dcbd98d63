"""Weight expressions: arithmetic over four named quantities, read once and evaluated for all pools.

An expression is text from a plan file. It is parsed, never executed: only numbers, the four names,
plus, minus, times, divide and brackets exist.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[np.float64]
Terms = Mapping[str, Numbers]
Weight = Callable[[Terms], Numbers]

NAMES = ("demand_units", "open_order_units", "unit_margin", "fair_weight")
# Longer texts are no weights, and very deep ones would exhaust the parser.
MOST_CHARACTERS = 200

_OPERATORS: dict[type[ast.operator], Callable[[Numbers, Numbers], Numbers]] = {
    ast.Add: np.add,
    ast.Sub: np.subtract,
    ast.Mult: np.multiply,
    ast.Div: np.divide,
}


def weight_of(expression: str) -> Weight:
    """Function from the four named arrays to the weight: at least 0, and 0 where it is not finite.

    `demand_units`: wanted in all, open orders included; `open_order_units`: promised of it;
    `unit_margin`: money per unit; `fair_weight`: the segment's own. Raises `ValueError` that says
    what is not allowed and what is.

    >>> terms = dict.fromkeys(NAMES, np.array([0.0, 2.0]))
    >>> weight_of("demand_units * (unit_margin + 1) / fair_weight")(terms).tolist()
    [0.0, 3.0]
    >>> weight_of("__import__('os')")
    Traceback (most recent call last):
    ValueError: "__import__('os')" uses a call; use numbers, + - * / and brackets over demand_units, \
open_order_units, unit_margin, fair_weight
    """
    if len(expression) > MOST_CHARACTERS:
        raise ValueError(f"{expression[:40]!r}… has more than {MOST_CHARACTERS} characters; shorten it")
    try:
        tree = ast.parse(expression.strip(), mode="eval").body
    except (SyntaxError, ValueError, MemoryError, RecursionError) as failure:
        raise ValueError(f"{expression!r} is no arithmetic; {_ALLOWED}") from failure
    compiled = _compiled(tree, expression)

    def weight(terms: Terms) -> Numbers:
        with np.errstate(all="ignore"):
            value = np.asarray(compiled(terms), dtype=np.float64)
        return np.where(np.isfinite(value) & (value > 0), value, 0.0)

    return weight


_ALLOWED = f"use numbers, + - * / and brackets over {', '.join(NAMES)}"


def _compiled(node: ast.expr, expression: str) -> Weight:
    match node:
        case ast.Constant(value=int() | float() as number) if not isinstance(number, bool):
            value = np.float64(min(max(number, -1e300), 1e300))
            return lambda terms: np.full_like(terms[NAMES[0]], value)
        case ast.Name(id=name):
            if name not in NAMES:
                raise ValueError(f"{expression!r} uses the name {name!r}; {_ALLOWED}")
            return lambda terms: terms[name]
        case ast.UnaryOp(op=ast.USub() | ast.UAdd() as sign, operand=operand):
            inner = _compiled(operand, expression)
            factor = -1.0 if isinstance(sign, ast.USub) else 1.0
            return lambda terms: factor * inner(terms)
        case ast.BinOp(left=left, op=operator, right=right) if type(operator) in _OPERATORS:
            apply = _OPERATORS[type(operator)]
            first, second = _compiled(left, expression), _compiled(right, expression)
            return lambda terms: apply(first(terms), second(terms))
    what = {ast.Call: "a call", ast.Attribute: "an attribute", ast.BinOp: "another operator"}
    raise ValueError(f"{expression!r} uses {what.get(type(node), 'something else')}; {_ALLOWED}")
