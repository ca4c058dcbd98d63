"""The constraint families of segments, one per file: equation, over which index it stands, its rule.

A rule reads the model's variables (`own`, `borrowed`, `pool`, `unmet`, …, by place and segment) and
`model.data`. The allocation's own model states supply, service, tiers, level and loans; promises,
guarantees and caps are bounds of a pool that stands alone. The joint plan of transfers and segments
states all of them over the locations of an item, and takes them from here.
"""
