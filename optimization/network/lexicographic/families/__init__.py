"""One constraint family of stock and lanes per file: its equation, over which index it stands, its rule.

The families of segments are those of `optimization.allocation.optimal.constraints`.
"""
