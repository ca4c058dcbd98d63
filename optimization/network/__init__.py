"""Balancing and replenishment: which move or order covers which need, item by item.

`planning` is the door; `items` states the problem in arrays, `lanes` finds the moves that could
pay, `curves` makes expected costs, `model` and `constraints` state the Pyomo model, `batches`
solves it, `audit` re-checks it, `orders` turns the answer into frames.
"""
