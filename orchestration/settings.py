"""All settings, typed: read from stockplan.yaml, overridden by STOCKPLAN_* environment variables.

Nothing else reads the environment for settings. What a setting means stands in stockplan.yaml,
beside its value.
"""

from __future__ import annotations

import hashlib
import importlib
import json
import os
import sys
from collections.abc import Callable
from datetime import date
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    YamlConfigSettingsSource,
)

from optimization.order_parameters import (
    LeadTimeParameters,
    MatchingParameters,
    MessageParameters,
    PromiseParameters,
    SlotParameters,
    StockReviewParameters,
    SubstitutionParameters,
)
from optimization.parameters import AllocationParameters, AtpParameters, GovernanceParameters
from optimization.planning.annual.parameters import AnnualParameters
from orchestration.crash_points import arm, read_point
from orchestration.outcomes import ConfigurationError
from orchestration.production_settings import (
    AlertSettings,
    DagsterSettings,
    PostgresSourceSettings,
    ServingSettings,
    WebSettings,
)

PROJECT_ROOT = Path(__file__).resolve().parent.parent


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class SourceSettings(_Section):
    """Where snapshots come from."""

    connector: Literal["demo", "files", "generator", "postgres"] = "demo"
    # demo: a file of the columns of the committed sample; None is the committed sample itself
    demo_intervals: Path | None = None
    demo_seed: int = 20230426
    # files: a folder with one sub-folder per business date, and the mapping of its columns
    inbox: Path | None = None
    mapping: Path | None = None
    # generator: a folder written by `stockplan generate`
    generated: Path | None = None
    # postgres: the IMS's own database, and `mapping` as for files
    postgres: PostgresSourceSettings = PostgresSourceSettings()


class SealingSettings(_Section):
    """When a snapshot is refused as a whole."""

    max_row_loss_share: float = Field(0.20, ge=0, le=1)
    max_bad_row_share: float = Field(0.02, ge=0, le=1)
    max_text_length: int = Field(1000, ge=1)
    max_file_mb: int = Field(2000, ge=1)
    max_table_rows: int = Field(50_000_000, ge=1)
    max_table_columns: int = Field(1000, ge=1)


class DemandSettings(_Section):
    """How demand is measured and forecast."""

    history_days: int = Field(730, ge=28)
    horizon_weeks: int = Field(13, ge=1, le=104)
    refit_days: int = Field(28, ge=1)
    kpi_windows_days: tuple[int, ...] = (30, 90, 365)


class PolicySettings(_Section):
    """Defaults of the stock policy, used where the source states none."""

    service_target: float = Field(0.95, gt=0, lt=1)
    service_metric: Literal["cycle", "fill", "ready"] = "fill"
    holding_rate: float = Field(0.18, ge=0)
    shortage_share: float = Field(0.25, ge=0)
    order_cost: float = Field(25.0, ge=0)
    review_days: int = Field(7, ge=1)
    lead_time_days: float = Field(28.0, gt=0)
    dead_band_share: float = Field(0.10, ge=0)
    dead_band_units: float = Field(1.0, ge=0)
    auto_approve_value: float = Field(250_000.0, ge=0)
    overdue_trust_days: int = Field(30, ge=0)
    max_cover_days: float = Field(365.0, gt=0)
    cash_budget: float | None = Field(None, gt=0)
    final_buy_years: float = Field(3.0, gt=0)
    final_buy_salvage_share: float = Field(0.0, ge=0, le=1)
    override_cycles: float = Field(1.0, gt=0)


class GovernanceSettings(_Section):
    """Who may decide about policies, and for how long what is decided holds."""

    approvers: tuple[str, ...] = ()
    planners: tuple[str, ...] = ()
    approval_days: int = Field(GovernanceParameters.approval_days, ge=1)
    override_max_days: int = Field(GovernanceParameters.override_max_days, ge=1)
    review_cadence_days: int = Field(GovernanceParameters.review_cadence_days, ge=1)
    review_grace_days: int = Field(GovernanceParameters.review_grace_days, ge=0)

    def parameters(self) -> GovernanceParameters:
        """Return the same as the science takes it."""
        return GovernanceParameters(**self.model_dump())


class NetworkSettings(_Section):
    """The balancing and replenishment model."""

    dead_band_factor: float = Field(1.2, ge=1)
    max_relative_gap: float = Field(1e-3, ge=0)
    blocked_days: int = Field(30, ge=0, le=90)
    ageing_rate_per_year: float = Field(0.10, ge=0)
    purchase_budget: float | None = Field(None, ge=0)
    engine: Literal["auto", "whole", "items"] = "auto"
    user_rows: str | None = Field(None, pattern=r"^\w+(\.\w+)*:\w+$")


def _pool_formulas() -> dict[str, tuple[str, ...]]:
    """The formulas that the science knows without being told any."""
    return {name: tuple(terms) for name, terms in AllocationParameters().pool_formulas.items()}


class AllocationSettings(_Section):
    """How stock is shared among segments where no rule of a plan says otherwise."""

    pool_formula: str = "sellable"
    pool_formulas: dict[str, tuple[str, ...]] = Field(default_factory=_pool_formulas)
    dimension_level: Literal["location", "item"] = "location"
    interval_hours: float = Field(24.0, ge=0)
    guard_hours: float = Field(6.0, ge=0)
    band_units: float = Field(1.0, ge=0)
    band_share: float = Field(0.10, ge=0)
    spike_z: float = Field(3.0, gt=0)
    min_benefit: float = Field(0.0, ge=0)
    freeze_from: date | None = None
    freeze_to: date | None = None

    def parameters(self) -> AllocationParameters:
        """Return the same as the science takes it."""
        return AllocationParameters(**self.model_dump())


class PromisingSettings(_Section):
    """What can be promised to customers, and from when."""

    horizon_days: int = Field(90, ge=1, le=365)
    overdue: Literal["redate", "drop"] = "redate"
    within_lead_time: bool = False

    def parameters(self) -> AtpParameters:
        """Return the same as the science takes it."""
        return AtpParameters(**self.model_dump())


class PromiseSettings(_Section):
    """Promises of open orders and of single units."""

    horizon_days: int = Field(PromiseParameters.horizon_days, ge=1, le=730)
    preparation_days: float = Field(PromiseParameters.preparation_days, ge=0)
    unverified_cv: float = Field(PromiseParameters.unverified_cv, ge=0)
    hold_hours: float = Field(PromiseParameters.hold_hours, gt=0)

    def parameters(self) -> PromiseParameters:
        """Return the same as the science takes it."""
        return PromiseParameters(**self.model_dump())


class MatchingSettings(_Section):
    """What a match of a request and a unit is worth, in money."""

    top_k: int = Field(MatchingParameters.top_k, ge=1)
    max_candidates: int = Field(MatchingParameters.max_candidates, ge=1)
    option_weight: float = Field(MatchingParameters.option_weight, ge=0)
    colour_weight: float = Field(MatchingParameters.colour_weight, ge=0)
    trim_weight: float = Field(MatchingParameters.trim_weight, ge=0)
    price_weight: float = Field(MatchingParameters.price_weight, ge=0)
    km_cost: float = Field(MatchingParameters.km_cost, ge=0)
    day_weight: float = Field(MatchingParameters.day_weight, ge=0)
    ageing_weight: float = Field(MatchingParameters.ageing_weight, ge=0)
    scarcity_weight: float = Field(MatchingParameters.scarcity_weight, ge=0)
    unmatched_order_cost: float = Field(MatchingParameters.unmatched_order_cost, ge=0)
    unmatched_lead_cost: float = Field(MatchingParameters.unmatched_lead_cost, ge=0)
    unmatched_enquiry_cost: float = Field(MatchingParameters.unmatched_enquiry_cost, ge=0)
    learn_from: int = Field(MatchingParameters.learn_from, ge=1)
    max_km: float = Field(MatchingParameters.max_km, gt=0)
    km_per_day: float = Field(MatchingParameters.km_per_day, gt=0)

    def parameters(self) -> MatchingParameters:
        """Return the same as the science takes it."""
        return MatchingParameters(**self.model_dump())


class StockReviewSettings(_Section):
    """What a unit in stock costs, and how far its price may fall."""

    floorplan_rate: float = Field(StockReviewParameters.floorplan_rate, ge=0)
    floorplan_free_days: int = Field(StockReviewParameters.floorplan_free_days, ge=0)
    insurance_rate: float = Field(StockReviewParameters.insurance_rate, ge=0)
    lot_cost_per_day: float = Field(StockReviewParameters.lot_cost_per_day, ge=0)
    depreciation_rate: float = Field(StockReviewParameters.depreciation_rate, ge=0)
    max_markdown_share: float = Field(StockReviewParameters.max_markdown_share, ge=0, lt=1)
    wholesale_share: float = Field(StockReviewParameters.wholesale_share, ge=0, le=1)
    demo_share: float = Field(StockReviewParameters.demo_share, ge=0, le=1)

    def parameters(self) -> StockReviewParameters:
        """Return the same as the science takes it."""
        return StockReviewParameters(**self.model_dump())


class SlotSettings(_Section):
    """How made-to-order orders get their slots."""

    max_relative_gap: float = Field(SlotParameters.max_relative_gap, ge=0)
    expedite_orders: int = Field(SlotParameters.expedite_orders, ge=0)
    expedite_options: int = Field(SlotParameters.expedite_options, ge=1)
    move_cost: float = Field(SlotParameters.move_cost, ge=0)
    lateness_cost_per_day: float = Field(SlotParameters.lateness_cost_per_day, ge=0)
    days_to_handover: float = Field(SlotParameters.days_to_handover, ge=0)

    def parameters(self) -> SlotParameters:
        """Return the same as the science takes it."""
        return SlotParameters(**self.model_dump())


class LeadTimeSettings(_Section):
    """How durations of made-to-order orders are learnt, and how promises are made of them."""

    history_days: int = Field(LeadTimeParameters.history_days, ge=28)
    half_life_days: float = Field(LeadTimeParameters.half_life_days, gt=0)
    promise_quantile: float = Field(LeadTimeParameters.promise_quantile, gt=0.5, lt=1)
    stuck_quantile: float = Field(LeadTimeParameters.stuck_quantile, gt=0.5, le=0.95)
    silent_quantile: float = Field(LeadTimeParameters.silent_quantile, gt=0.5, le=0.95)
    at_risk_probability: float = Field(LeadTimeParameters.at_risk_probability, ge=0.05, le=0.5)
    repromise_days: int = Field(LeadTimeParameters.repromise_days, ge=0)

    def parameters(self) -> LeadTimeParameters:
        """Return the same as the science takes it."""
        return LeadTimeParameters(**self.model_dump())


class SubstitutionSettings(_Section):
    """When a waiting order is offered a unit that is there."""

    least_fit: float = Field(SubstitutionParameters.least_fit, ge=0, le=1)
    least_days_earlier: float = Field(SubstitutionParameters.least_days_earlier, ge=0)
    max_price_delta: float = Field(SubstitutionParameters.max_price_delta, ge=0)
    top_k: int = Field(SubstitutionParameters.top_k, ge=1)

    def parameters(self) -> SubstitutionParameters:
        """Return the same as the science takes it."""
        return SubstitutionParameters(**self.model_dump())


class MessageSettings(_Section):
    """What is written to plants and customers."""

    keep_days: int = Field(MessageParameters.keep_days, ge=1)
    hold_warning_hours: float = Field(MessageParameters.hold_warning_hours, ge=0)
    first_days: int = Field(MessageParameters.first_days, ge=1)
    tracking_key: str = Field(MessageParameters.tracking_key, min_length=1, max_length=64)

    def parameters(self) -> MessageParameters:
        """Return the same as the science takes it."""
        return MessageParameters(**self.model_dump())


class OrderSettings(_Section):
    """The orders' side: promises, reservations of units, matching, the way made to order."""

    promises: PromiseSettings = PromiseSettings()
    matching: MatchingSettings = MatchingSettings()
    stock_review: StockReviewSettings = StockReviewSettings()
    slots: SlotSettings = SlotSettings()
    lead_times: LeadTimeSettings = LeadTimeSettings()
    substitution: SubstitutionSettings = SubstitutionSettings()
    messages: MessageSettings = MessageSettings()


class BacktestSettings(_Section):
    """The replay of the own history, and when forecasting methods are tried against each other."""

    max_series: int = Field(1_500, ge=30)
    service_targets: tuple[Annotated[float, Field(gt=0, lt=1)], ...] = (0.85, 0.90, 0.95, 0.98)
    trial_days: int = Field(28, ge=1)


class PlanningSettings(_Section):
    """The frontier of service, cash and cost, and what bounds the annual plan; null binds nothing."""

    frontier_series: int = Field(1_500, ge=30)
    capacity_units: float | None = Field(None, ge=0)
    overtime_units: float = Field(AnnualParameters.overtime_units, ge=0)
    overtime_unit_cost: float = Field(AnnualParameters.overtime_unit_cost, ge=0)
    option_capacity_units: dict[str, Annotated[float, Field(ge=0)]] = {}
    cash_limit: float | None = Field(None, ge=0)
    buy_flexibility: float = Field(AnnualParameters.buy_flexibility, ge=0, le=1)
    mix_change_share: float | None = Field(AnnualParameters.mix_change_share, ge=0, le=1)
    year_cv: float = Field(AnnualParameters.year_cv, ge=0, le=1)

    def parameters(self) -> AnnualParameters:
        """Return the bounds of the annual plan as the science takes them."""
        return AnnualParameters(**self.model_dump(exclude={"frontier_series"}))


class ExecutionSettings(_Section):
    """How work is run. None of these may change a published number."""

    dbt: Literal["in_process", "subprocess"] = "in_process"
    dbt_threads: int = Field(2, ge=1)
    dbt_memory_mb: int | None = Field(None, ge=256)
    dbt_spill_mb: int = Field(20_000, ge=0)
    workers: int = Field(1, ge=1)
    item_seconds: float = Field(30.0, gt=0)
    item_memory_mb: int = Field(1024, ge=16)
    min_free_disk_mb: int = Field(500, ge=0)
    # For tests alone: the process dies at this crash point (orchestration.crash_points).
    crash_at: str | None = None

    @field_validator("crash_at")
    @classmethod
    def _is_a_point(cls, told: str | None) -> str | None:
        if told is not None:
            read_point(told)
        return told


class ReleaseSettings(_Section):
    """What the gate demands, what is exported and what people open."""

    max_row_change_share: float = Field(0.5, gt=0)
    export_columns: Path | None = None
    workbook_rows: int = Field(20_000, ge=1, le=1_000_000)


def function_named(name: str | None, setting: str) -> Callable[..., Any] | None:
    """Import a function of the user's, named "package.module:function" in a setting; None stays None.

    The module may lie in the folder of stockplan.yaml or anywhere on the import path. Raises `ValueError`
    with the setting and the cause where it cannot be had.
    """
    if name is None:
        return None
    module_name, _, function_name = name.partition(":")
    if (folder := str(settings_file().resolve().parent)) not in sys.path:
        sys.path.append(folder)
    try:
        function = getattr(importlib.import_module(module_name), function_name)
    except (ImportError, AttributeError, SyntaxError) as error:
        raise ValueError(
            f"{setting} names {name!r}, which cannot be imported: {error}. Put the module beside "
            "stockplan.yaml or on PYTHONPATH, or set it to null"
        ) from error
    if not callable(function):
        raise ValueError(f"{setting} names {name!r}, which is no function; name one, or set it to null")
    return function  # type: ignore[no-any-return]


class RetentionSettings(_Section):
    """How long things are kept, counted back from the current release; null is for ever."""

    raw_days: int | None = Field(None, ge=1)
    release_days: int | None = Field(None, ge=1)
    least_releases: int = Field(30, ge=1)
    work_days: int | None = Field(None, ge=1)


# Sections whose settings may change a published number.
_DECIDING = {
    "sealing",
    "demand",
    "policy",
    "governance",
    "network",
    "allocation",
    "promising",
    "orders",
    "backtest",
    "planning",
    "release",
}


def settings_file() -> Path:
    """The file of settings of this process."""
    return Path(os.environ.get("STOCKPLAN_CONFIG", PROJECT_ROOT / "stockplan.yaml"))


class Settings(BaseSettings):
    """Every setting of Stockplan."""

    model_config = SettingsConfigDict(
        env_prefix="STOCKPLAN_", env_nested_delimiter="__", extra="forbid", frozen=True
    )

    home: Path = PROJECT_ROOT / "var"
    source: SourceSettings = SourceSettings()
    sealing: SealingSettings = SealingSettings()
    demand: DemandSettings = DemandSettings()
    policy: PolicySettings = PolicySettings()
    governance: GovernanceSettings = GovernanceSettings()
    network: NetworkSettings = NetworkSettings()
    allocation: AllocationSettings = AllocationSettings()
    promising: PromisingSettings = PromisingSettings()
    orders: OrderSettings = OrderSettings()
    backtest: BacktestSettings = BacktestSettings()
    planning: PlanningSettings = PlanningSettings()
    execution: ExecutionSettings = ExecutionSettings()
    release: ReleaseSettings = ReleaseSettings()
    retention: RetentionSettings = RetentionSettings()
    serving: ServingSettings = ServingSettings()
    dagster: DagsterSettings = DagsterSettings()
    web: WebSettings = WebSettings()
    alerts: AlertSettings = AlertSettings()
    # Whether each run writes its OpenLineage events to openlineage/<business date>.jsonl of the home.
    openlineage: bool = True
    first_business_date: date = date(2023, 4, 26)
    # Today, to refuse snapshots from the future and to date what people decide; a replay sets it.
    today: date | None = None

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Arguments beat the environment, which beats stockplan.yaml, which beats defaults."""
        file = settings_file()
        if "STOCKPLAN_CONFIG" in os.environ and not file.is_file():
            raise ConfigurationError(
                f"STOCKPLAN_CONFIG names {file}, which is no file; name your stockplan.yaml"
            )
        return init_settings, env_settings, YamlConfigSettingsSource(settings_cls, yaml_file=file)

    def decision_hash(self) -> str:
        """Hash of the settings that may change a published number (not of paths and workers)."""
        return hashlib.sha256(json.dumps(self.deciding(), sort_keys=True).encode()).hexdigest()

    def deciding(self) -> dict[str, Any]:
        """Return the settings that may change a published number, as plain JSON content."""
        return self.model_dump(mode="json", include=_DECIDING)


@cache
def settings() -> Settings:
    """Return the settings of this process, read once; a crash point that they name is armed."""
    found = Settings()
    arm(found.execution.crash_at)
    return found
