"""Allocation: the units of a pool shared among customer segments, held, consumed, lent and made anew.

`planning` is the door and makes the cycle of a day. `book` holds the state in arrays, `stating` makes
it from frames, `groups` knows the hierarchy of segments, `pool_formula` counts what may be shared.
`rules` and `optimal` are the two ways of saying who should have what; `rebalancing` decides whether
they have it from now on; `operations` folds what people and orders did in between; `telling` makes
the frames.
"""
