"""Allocation: the units of an item-location pool shared among customer segments.

`planning` is the door; `pools` states the problem, `closed_form` solves every pool at once, `model`
states the same as an optimisation model that re-checks a sample, `rounding` makes whole units.
"""
