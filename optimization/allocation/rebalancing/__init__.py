"""When quotas are made anew, and when not.

`syncing` meets the new supply, `unused` gives back what nobody asks for, `triggers` say what asks
for a rebalancing, `deciding` whether it takes place, `moving` carries it out; each leaves `changes`.
"""
