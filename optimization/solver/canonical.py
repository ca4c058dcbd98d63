"""A model as text that two people can compare: the golden copy of a tiny case is kept in tests.

Rows and columns are named by what the model calls them; numbers are written in full.
"""

from __future__ import annotations

import numpy as np

from optimization.solver.matrix import MatrixModel


def canonical_text(model: MatrixModel) -> str:
    """LP-like text of the model: objective, one line per row, one line per column."""
    names = [f"{family}[{index}]".replace(" ", "") for family, index in model.columns]
    rows: list[list[str]] = [[] for _ in range(model.row_count)]
    for column, name in enumerate(names):
        for at in range(int(model.start[column]), int(model.start[column + 1])):
            rows[int(model.index[at])].append(f"{model.value[at]:+.12g} {name}")
    lines = ["minimize", f"  {model.offset:+.12g}"]
    lines += [f"  {cost:+.12g} {name}" for cost, name in zip(model.cost, names, strict=True) if cost]
    lines.append("subject to")
    for row, terms in enumerate(rows):
        left, right = model.row_lower[row], model.row_upper[row]
        relation = f"= {left:.12g}" if left == right else f">= {left:.12g}"
        if not np.isfinite(left):
            relation = f"<= {right:.12g}"
        lines.append(f"  {model.row_names[row]}: {' '.join(terms)} {relation}")
    lines.append("bounds")
    for column, name in enumerate(names):
        kind = " integer" if model.is_integer[column] else ""
        lines.append(
            f"  {model.column_lower[column]:.12g} <= {name} <= {model.column_upper[column]:.12g}{kind}"
        )
    return "\n".join(lines) + "\n"
