"""Over which pools and which segments fairness is added up."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from optimization.allocation.book import Flags, Integers, Numbers, PoolFacts, Segments, Texts

EVERYTHING = "*"
ALL_TIERS = 0
BY = ("category", "region", "item_kind")


@dataclass(frozen=True)
class Groups:
    """g groups of pools: their breakdown, its value, and `indicator` (g, n), sparse, 1 for a member."""

    breakdown: Texts
    value: Texts
    indicator: Any

    def sums(self, per_pool: Numbers) -> Numbers:
        """Add up each column of (n, c) over the pools of each group: (g, c)."""
        return np.asarray(self.indicator @ per_pool, dtype=np.float64)


@dataclass(frozen=True)
class Scopes:
    """c sets of segments: each one, each tier (segment *), all tiers (tier 0); `members` (k, c) is 0 or 1."""

    segment_id: Texts
    tier: Integers
    members: Numbers

    @property
    def is_compared(self) -> Flags:
        """Sets within which the segments are compared (c)."""
        return np.asarray(self.segment_id == EVERYTHING)


def groups_of(facts: PoolFacts) -> Groups:
    """All pools; then those of each category, region and kind of item. What is missing is `unknown`."""
    from scipy import sparse

    n = len(facts)
    breakdowns, values, rows = ["all"], [EVERYTHING], [np.zeros(n, dtype=np.int64)]
    for name in BY:
        column = pd.Series(getattr(facts, name), dtype=object)
        codes, names = pd.factorize(column.fillna("unknown"), sort=True)
        rows.append(codes.astype(np.int64) + len(values))
        breakdowns += [name] * len(names)
        values += [str(each) for each in names]
    where = np.concatenate(rows), np.tile(np.arange(n), len(rows))
    indicator = sparse.csr_matrix((np.ones(len(where[0])), where), shape=(len(values), n))
    return Groups(np.array(breakdowns, dtype=object), np.array(values, dtype=object), indicator)


def scopes_of(segments: Segments) -> Scopes:
    """Each segment, then each tier, then all of them."""
    tiers = np.unique(segments.tier)
    members = [np.eye(len(segments)), segments.tier[:, None] == tiers[None, :], np.ones((len(segments), 1))]
    stars = np.full(len(tiers) + 1, EVERYTHING, dtype=object)
    return Scopes(
        np.concatenate([segments.segment_id, stars]),
        np.concatenate([segments.tier, tiers, [ALL_TIERS]]).astype(np.int64),
        np.hstack(members).astype(np.float64),
    )
