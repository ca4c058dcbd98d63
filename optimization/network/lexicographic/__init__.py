"""The joint plan of small cases, goal by goal: promises, fences, tiers, fairness, cost, calm.

`case` states it in arrays, `goals` names what is wanted in which order and measures a plan, `model`
and `families` state it in Pyomo, `levels` solves one goal after the other. The network model
at scale prices what is strict here; where both must agree is written in `levels`.
"""
