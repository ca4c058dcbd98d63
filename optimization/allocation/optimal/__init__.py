"""Optimal sharing of a pool: open orders, guarantees, tiers, the fairest level, loans, least churn.

`targets` is the door, `fairness` tells what each way of sharing the same stock gives to whom.
`claims` states the problem (`pools`: its shape), `closed_form` and `rounding` solve every pool,
`sharing` puts the steps together and names the reasons; `model` states the same as an optimisation
model, with the families of `constraints`; `checking` audits (`audit`) and compares the two.
"""
