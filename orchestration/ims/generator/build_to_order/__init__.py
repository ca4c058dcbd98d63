"""A seeded source of made-to-order orders: what can be chosen, who orders, and how it is built.

`setting` says what differs between sources (places, models, plants), `option_list` and `rules` what can
be configured, `stages` how long each stage takes, `orders` and `changes` draw orders and what becomes of
them; `order_tables`, `order_events` and `capacity` make source tables of them, `source` all of them.
`requests` says who looks for a unit, `choices` which one was taken, `units` which categories of stock
there are. Every number is a function of seed, purpose
and key; tables are cut by the day on which a row became known.
"""

from __future__ import annotations

from orchestration.ims.generator.build_to_order.setting import Builds, Setting
from orchestration.ims.generator.build_to_order.source import OrderSource

__all__ = ["Builds", "OrderSource", "Setting"]
