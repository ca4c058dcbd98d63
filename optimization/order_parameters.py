"""Parameters of the orders' side: one frozen dataclass per room, every default stated here."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class PromiseParameters:
    """How open orders and single units are promised from stock and supply.

    `horizon_days`: days that are looked at. `preparation_days`: before a handover, where the place
    states none. `hold_hours`: a reservation of a unit without an end lasts so long. `unverified_cv`: how
    much a transport or lead time varies (standard deviation over mean) of which no arrival is known.
    """

    horizon_days: int = 180
    preparation_days: float = 2.0
    unverified_cv: float = 0.3
    hold_hours: float = 72.0


@dataclass(frozen=True)
class MatchingParameters:
    """How requests and units are matched; every weight is money, so that a score is worth money.

    `top_k`: units that are shown per request; `max_candidates`: units per request that the assignment
    may choose from. `option_weight`: all wished options there; `colour_weight`, `trim_weight`: the same
    colour or trim; `price_weight`: per unit of money under the highest price; `km_cost`: per
    kilometre; `day_weight`: per day earlier; `ageing_weight`: share of what the unit costs until it
    would be sold otherwise; `scarcity_weight`: share of what others would give for it.
    `unmatched_cost` by kind of request: what leaving it open costs. `learn_from`: choices from which
    on the weights are learnt. `max_km`: reach of a request that states none; `km_per_day`: how far a
    unit travels where no lane says it.
    """

    top_k: int = 5
    max_candidates: int = 20
    option_weight: float = 1_500.0
    colour_weight: float = 600.0
    trim_weight: float = 1_200.0
    price_weight: float = 0.2
    km_cost: float = 1.0
    day_weight: float = 25.0
    ageing_weight: float = 1.0
    scarcity_weight: float = 0.5
    unmatched_order_cost: float = 6_000.0
    unmatched_lead_cost: float = 3_000.0
    unmatched_enquiry_cost: float = 1_500.0
    learn_from: int = 500
    max_km: float = 800.0
    km_per_day: float = 500.0


@dataclass(frozen=True)
class StockReviewParameters:
    """What a unit in stock costs, and when something is to be done about it.

    Rates are per year, as a share of the unit's cost; `insurance_rate`, `lot_cost_per_day` (money) and
    `depreciation_rate` come on top of the floor-plan interest. The ladder's steps lie at these quantiles
    of the days to sale of units like it. `floorplan_rate`, `floorplan_free_days`: where none is stated.
    """

    floorplan_rate: float = 0.08
    floorplan_free_days: int = 30
    insurance_rate: float = 0.012
    lot_cost_per_day: float = 2.0
    depreciation_rate: float = 0.15
    ladder: tuple[float, float, float] = (0.50, 0.75, 0.90)
    max_markdown_share: float = 0.15
    wholesale_share: float = 0.88
    demo_share: float = 0.94
    window_days: int = 30


@dataclass(frozen=True)
class ConfigurationParameters:
    """How configurations are checked. `repairs`: smallest repairs that are named per order.

    `repaired_orders`: so many orders that break a rule get repairs, so that a new rule that breaks
    thousands does not stop the day. `checked_changes`: the rules are checked as they are on so many
    coming days on which they change, within `checked_days`.
    """

    repairs: int = 3
    repaired_orders: int = 500
    checked_changes: int = 3
    checked_days: int = 180


@dataclass(frozen=True)
class SlotParameters:
    """How orders get slots.

    `max_relative_gap` of each lexicographic level; `max_nodes` of a solve, so that no clock decides.
    `expedite_orders`: so many late orders get expedite options; `expedite_options`: each so many.
    `move_cost`: what moving a scheduled order by a week costs (money); `lateness_cost_per_day`: money
    per weighted day. `default_weight`: of an order whose own weight is no plausible number.
    `days_to_handover`: from built to handed over where no durations are known. `margin_days`: so long
    before the last day that keeps its promise an order is best built.
    """

    max_relative_gap: float = 0.001
    max_nodes: int = 2_000
    expedite_orders: int = 50
    expedite_options: int = 3
    move_cost: float = 50.0
    lateness_cost_per_day: float = 40.0
    default_weight: float = 1.0
    days_to_handover: float = 28.0
    margin_days: float = 10.0


@dataclass(frozen=True)
class LeadTimeParameters:
    """How durations are learnt and promises made.

    `history_days`: orders that are learnt from; `half_life_days`: an order so long ago counts half.
    `full_pool`: a group with so many durations stands for itself. `sampled_orders`: whole past orders
    drawn per prediction, evenly and without chance. `promise_quantile`: share of promises that are to
    be kept; `conformal_orders`: delivered orders that the correction looks at, `conformal_least`: fewer
    give none. `stuck_quantile`, `silent_quantile`: at most 0.95, the highest that is kept; an order that
    stays longer is stuck, a milestone that comes later is missed. `at_risk_probability`: a promise that is
    missed with more than this probability is at risk, at most 0.5, beyond which it is late. `repromise_days`:
    a promise is moved when the expected day passes it by more days. `cancel_horizon_days`: window of the
    cancellation hazard.
    """

    history_days: int = 540
    half_life_days: float = 90.0
    full_pool: int = 60
    sampled_orders: int = 400
    promise_quantile: float = 0.90
    conformal_orders: int = 400
    conformal_least: int = 50
    silent_quantile: float = 0.95
    stuck_quantile: float = 0.95
    at_risk_probability: float = 0.3
    repromise_days: int = 3
    cancel_horizon_days: int = 30


@dataclass(frozen=True)
class SubstitutionParameters:
    """When a waiting order is offered a unit that is there.

    `least_fit`: share of the wish that it must meet; `least_days_earlier`; `max_price_delta` (money).
    """

    least_fit: float = 0.90
    least_days_earlier: float = 7.0
    max_price_delta: float = 1_000.0
    top_k: int = 3


@dataclass(frozen=True)
class MessageParameters:
    """Which messages are written. `keep_days`: a message stays in the outbox for so long.

    `hold_warning_hours`: a customer is told of a hold's end so long before it. `first_days`: what has
    a date of its own is told when it is no older; nothing older is told on the first release, so that
    it does not flood. `tracking_key`: key of the ids that customers follow orders by; an installation
    sets its own and keeps it to itself.
    """

    keep_days: int = 30
    hold_warning_hours: float = 24.0
    first_days: int = 7
    tracking_key: str = "stockplan order tracking"
