"""What the impact of changes is reckoned from."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd


@dataclass(frozen=True)
class ChangeInputs:
    """Frames as their tables; `previous_promise` and `previous_slot` as the plan of the slots had them."""

    mto_change_request: pd.DataFrame
    mto_order: pd.DataFrame
    mto_milestone: pd.DataFrame
    milestone_template: pd.DataFrame
    mto_order_status: pd.DataFrame
    mto_step: pd.DataFrame
    configuration_rule: pd.DataFrame
    config_option: pd.DataFrame
    production_slot: pd.DataFrame
    slot_option_limit: pd.DataFrame
    order_check: pd.DataFrame
    quality_event: pd.DataFrame
    stage_duration: pd.DataFrame
    mto_slot_assignment: pd.DataFrame
    previous_promise: pd.DataFrame | None = None
    previous_slot: pd.DataFrame | None = None
