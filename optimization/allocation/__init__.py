"""Allocation: the units of a pool shared among customer segments, held, consumed, lent and made anew.

`planning` is the door to a business date, `overlay` to what changed since; both take the steps of
`cycle`. `book` holds the state in arrays; `stating` and `restoring` make it from the day's frames and
from what the release before published; `pool_formula` counts what may be shared. `rules` and
`optimal` are the two ways of saying who should have what; `rebalancing` decides whether they have it
from now on; `operations` folds what people and orders did in between; `telling` makes the frames,
`auditing` proves them, `rollup` sums them over the hierarchy of segments.
"""
