"""Constraint families of the network model: one file each, with its equation, its index and its rule.

The index says for which places, moves, curves or rows the constraint stands, the rule states it in
Pyomo. The array assembly reads the same index and fills the same rows.
"""

from optimization.network.model.families import (
    arrival,
    balance,
    budget,
    floor,
    handling,
    lane,
    level,
    minimum_order,
    minimum_shipment,
    multiple,
    order_limit,
    order_lots,
    other_row,
    outflow,
    shipment,
    storage,
)

FAMILIES = {
    "balance": balance,
    "arrival": arrival,
    "outflow": outflow,
    "level": level,
    "floor": floor,
    "lane": lane,
    "handling": handling,
    "storage": storage,
    "budget": budget,
    "other_row": other_row,
    "shipment": shipment,
    "minimum_shipment": minimum_shipment,
    "multiple": multiple,
    "order_lots": order_lots,
    "order_limit": order_limit,
    "minimum_order": minimum_order,
}
"""Every family by the name of its rows, in the order in which a model states them."""

SHARED = ("lane", "handling", "storage", "budget", "other_row")
"""Families of rows that items share; each has a price."""
