"""Messages: what plants and customers are to be told, each once."""

from collections.abc import Iterable
from functools import partial

import dagster as dg
import pandas as pd

from optimization.contracts.order_outputs import (
    DELIVERY_PROMISE,
    FACTORY_MESSAGE,
    MATCH_OUTCOME,
    MTO_ORDER_STATUS,
    MTO_SLOT_ASSIGNMENT,
    NOTIFICATION,
    SUBSTITUTION_OFFER,
)
from orchestration.defs.borders import Told, previous_border
from orchestration.defs.orders.stage import frames_read, stage_asset, write_frames
from orchestration.defs.partitions import business_date
from orchestration.defs.resources import Pipeline
from orchestration.evidence.lineage.orders import MESSAGES


@stage_asset(MESSAGES, "outbox")
def outbox(context: dg.AssetExecutionContext, pipeline: dg.ResourceParam[Pipeline]) -> Iterable[Told]:
    """Write what plants and customers are to be told, and what customers may see of their orders."""
    from optimization.messages.inputs import MessageInputs
    from optimization.messages.messages import messages

    as_of = business_date(context)
    with pipeline.stage("messages") as stage:
        before = partial(previous_border, pipeline, as_of)
        told = messages(
            MessageInputs(
                **frames_read(MESSAGES, pipeline, as_of),
                previous_factory_message=before("factory_order_outbox", FACTORY_MESSAGE),
                previous_notification=before("notification_outbox", NOTIFICATION),
                previous_order_status=before("mto_order_status", MTO_ORDER_STATUS),
                previous_slot=before("mto_slot_assignment", MTO_SLOT_ASSIGNMENT),
                previous_delivery_promise=before("delivery_promise", DELIVERY_PROMISE),
                previous_match_outcome=before("match_outcome", MATCH_OUTCOME),
                previous_substitution_offer=before("substitution_offer", SUBSTITUTION_OFFER),
            ),
            pd.Timestamp(as_of),
            pipeline.settings.orders.messages.parameters(),
        )
        frames = (told.factory_message, told.notification, told.order_tracking)
        yield from write_frames(MESSAGES, pipeline, as_of, frames, told.report)
        stage.detail = (
            f"{len(told.factory_message):,} messages to plants, {len(told.notification):,} to customers"
        )
