"""A sample of the items with their share of the rows: what start prices are found on."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from optimization.network.problem import Problem
from optimization.network.subsets import ItemIndex, of_items


def sample_of(problem: Problem, items: int, seed: int) -> Problem:
    """So many items, chosen by the seed, with their share of every row's free capacity."""
    count = problem.item_count
    chosen = np.sort(np.random.default_rng(seed).permutation(count)[:items])
    part = of_items(problem, ItemIndex.of(problem), chosen).problem
    free = (problem.rows.capacity - problem.rows.base_use) * (len(chosen) / count)
    return replace(part, rows=replace(part.rows, capacity=free, base_use=np.zeros(len(free))))
