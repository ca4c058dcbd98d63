"""All source tables of orders at once, for one setting."""

from __future__ import annotations

from functools import cached_property

import numpy as np
import pyarrow as pa

from optimization.build_to_order.milestones.template import DEFAULT_MAP
from orchestration.contracts.arrow import arrow_schema
from orchestration.contracts.raw import RAW_BY_NAME
from orchestration.ims.generator.arrow_columns import source_table
from orchestration.ims.generator.build_to_order.capacity import production_slot_table, slot_option_limit_table
from orchestration.ims.generator.build_to_order.option_list import config_option_table, option_price_table
from orchestration.ims.generator.build_to_order.order_events import OrderEvents, planned_days
from orchestration.ims.generator.build_to_order.order_tables import OrderTables
from orchestration.ims.generator.build_to_order.orders import draw_orders
from orchestration.ims.generator.build_to_order.rules import configuration_rule_table
from orchestration.ims.generator.build_to_order.setting import Setting
from orchestration.ims.generator.build_to_order.stages import CODES
from orchestration.ims.generator.build_to_order.units import stock_category_table


class OrderSource:
    """Source tables of made-to-order orders, drawn once for a setting and cut by day."""

    def __init__(self, setting: Setting) -> None:
        self.setting = setting

    @cached_property
    def tables(self) -> OrderTables:
        """Orders with their ids and prices."""
        return OrderTables(draw_orders(self.setting))

    @cached_property
    def events(self) -> OrderEvents:
        """What is heard of the orders."""
        return OrderEvents(self.tables)

    def cut(self, since: int | None, as_of: int) -> dict[str, pa.Table]:
        """Return every table as known on `as_of`, event tables as what is new after `since`."""
        setting = self.setting
        return {
            "config_option": config_option_table(setting, as_of),
            "option_price": option_price_table(setting, as_of),
            "configuration_rule": configuration_rule_table(setting, as_of),
            "production_slot": production_slot_table(setting, as_of),
            "slot_option_limit": slot_option_limit_table(setting, as_of),
            "mto_order": self.tables.mto_order(since, as_of),
            "mto_change_request": self.tables.mto_change_request(since, as_of),
            "mto_milestone": self.events.mto_milestone(since, as_of),
            "milestone_template": milestone_template_table(setting, as_of),
            "quality_event": self.events.quality_event(since, as_of),
            "order_cost": self.events.order_cost(since, as_of),
            "stock_category": stock_category_table(setting.source, as_of),
            # ids of messages cannot be known before they are written
            "factory_acknowledgement": arrow_schema(RAW_BY_NAME["factory_acknowledgement"]).empty_table(),
        }


def milestone_template_table(setting: Setting, as_of: int) -> pa.Table:
    """The map of milestones that Stockplan knows, with the days that the source plans for each."""
    plan = dict(zip(CODES, planned_days().tolist(), strict=True))
    return source_table(
        "milestone_template",
        {
            "milestone_code": pa.array([one.code for one in DEFAULT_MAP]),
            "milestone_number": pa.array([one.number for one in DEFAULT_MAP]),
            "milestone_step": pa.array([one.step for one in DEFAULT_MAP]),
            "milestone_name": pa.array([one.name for one in DEFAULT_MAP]),
            "is_progress": pa.array([one.is_progress for one in DEFAULT_MAP]),
            "planned_days": pa.array([plan.get(one.code) for one in DEFAULT_MAP], pa.float64()),
        },
        source=setting.source,
        known=np.full(len(DEFAULT_MAP), as_of),
    )
