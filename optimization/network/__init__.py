"""Balancing and replenishment: which need is met by a transfer, which by an order, which not.

`planning` is the door, from frames to frames. `stating` makes a `problem` of the frames, `engine_choice`
has it solved: by `whole` in one piece (`model` is its statement), by `engine` item by item, with `lots`
settled around either. `proof` rechecks bound and plan, `baselines` are what simpler rules would do,
`telling` makes the frames, `lexicographic` is the full model of stock and segments for small cases.
"""
