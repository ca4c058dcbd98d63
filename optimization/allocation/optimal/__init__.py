"""Optimal sharing of a pool: guarantees, tiers in order, the fairest level, least borrowing, least churn.

`pools` states the problem, `closed_form` solves every pool at once, `model` states the same as an
optimisation model that solves the rest and re-checks a sample, `rounding` makes whole units.
"""
