"""Generated made-to-order orders: calibrated, told day by day, and true to what the module states."""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from optimization.build_to_order.configuration.rule_checks import rule_faults
from optimization.build_to_order.configuration.rules import RuleSet, violations
from optimization.contracts.order_columns import LEAD_TIME_CLASSES, OPTION_FAMILIES, RULE_TYPES
from orchestration.contracts.raw import RAW_BY_NAME
from orchestration.ims.demo.intervals import AT_DEALER, FACTORY_TO_PORT, read_sightings
from orchestration.ims.generator.arrow_columns import NEVER, to_date
from orchestration.ims.generator.build_to_order import OrderSource
from orchestration.ims.generator.build_to_order.changes import APPROVED, REJECTED
from orchestration.ims.generator.build_to_order.choices import REACH_KM, TRUE_WEIGHTS, SoldUnits, draw_wishes
from orchestration.ims.generator.build_to_order.option_list import CUTOFF_OF_COLOUR, OPTIONS
from orchestration.ims.generator.build_to_order.orders import REFUSED
from orchestration.ims.generator.build_to_order.stages import STAGES, TRANSIT_QUANTILES
from orchestration.ims.generator.counters import keyed, stream
from orchestration.ims.generator.defects import DEFECTS
from orchestration.ims.generator.demand import Horizon
from orchestration.ims.generator.documents import Names
from orchestration.ims.generator.equipment import equipment_source, equipment_tables

END = 19_523
HORIZON = Horizon(END - 719, END)
EVENTS = (
    "mto_order", "mto_change_request", "mto_milestone", "quality_event", "unit_hold", "customer_request",
    "order_cost",
)  # fmt: skip


@pytest.fixture(scope="module")
def source() -> OrderSource:
    return equipment_source(3, 8, HORIZON, Names("generator"))


@pytest.fixture(scope="module")
def tables(source: OrderSource) -> dict[str, pa.Table]:
    return equipment_tables(source, None, END)


def test_the_way_to_the_dealer_takes_as_long_as_that_of_real_vehicles(source: OrderSource) -> None:
    orders = source.tables.orders
    days = orders.at("5000") - orders.at("4000")
    shares, expected = zip(*TRANSIT_QUANTILES, strict=True)
    drawn = np.quantile(days[~np.isnan(days)], shares)
    assert drawn == pytest.approx(expected, rel=0.12)


def test_the_calibration_is_what_the_committed_sample_shows() -> None:
    """First sighting on the way from the factory to the first one at the dealer, or to the last one."""
    sightings = read_sightings(None)
    first = np.full(len(sightings.unit_ids), NEVER, dtype=np.int64)
    dealer, last = first.copy(), np.zeros(len(first), dtype=np.int64)
    for at, status in ((first, FACTORY_TO_PORT), (dealer, AT_DEALER)):
        rows = sightings.status == status
        np.minimum.at(at, sightings.unit[rows], sightings.valid_from[rows])
    np.maximum.at(last, sightings.unit, sightings.valid_to)
    days = (np.where(dealer == NEVER, last, dealer) - first)[first != NEVER]
    expected = dict(TRANSIT_QUANTILES)
    for share in (0.50, 0.90, 0.95):
        assert abs(np.quantile(days, share) - expected[share]) <= 1


def test_stages_of_an_order_and_of_a_plants_week_belong_together(source: OrderSource) -> None:
    orders = source.tables.orders
    logs = np.log(np.diff(orders.times, axis=1))
    codes = [stage.code for stage in STAGES[1:]]
    ended = ~np.isnan(orders.at("3800"))
    some = pd.DataFrame(logs[ended], columns=codes)[["2500", "3000", "3400", "3800"]]
    assert some.corr().to_numpy()[np.triu_indices(4, 1)].min() > 0.12
    week = pd.Series(np.floor((orders.at("1500")[ended] + 3) / 7))
    groups = some["3400"].groupby([pd.Series(orders.plant[ended]), week])
    between = groups.mean()[groups.size() >= 4].std()
    assert between > 1.25 * some["3400"].std() / 2


def test_cancellations_follow_deposit_credit_and_delay(source: OrderSource) -> None:
    orders = source.tables.orders
    placed = ~orders.is_lapsed & (orders.credit != REFUSED)
    is_cancelled = ~np.isnan(orders.cancelled)
    assert is_cancelled[orders.credit == REFUSED].all() and is_cancelled[orders.is_lapsed].all()
    has_deposit = orders.deposit >= 1_000
    low, high = (is_cancelled[placed & where].mean() for where in (has_deposit, ~has_deposit))
    assert 0.02 < low < 0.8 * high < 0.25
    # of the weeks that orders wait, those after the promise see far more of them given up
    end = np.where(is_cancelled, orders.cancelled, orders.at("5000"))[placed]
    late = np.maximum(end - orders.promised[placed], 0).sum()
    early = np.minimum(end - orders.placed[placed], orders.promised[placed] - orders.placed[placed]).sum()
    after = (orders.cancelled[placed] > orders.promised[placed]).sum()
    before = is_cancelled[placed].sum() - after
    assert after / late > 2 * before / early


def test_the_planners_promise_is_kept_by_most_orders_and_not_by_all(source: OrderSource) -> None:
    orders = source.tables.orders
    done = ~np.isnan(orders.at("6000"))
    kept = np.floor(orders.at("6000")[done]) <= orders.promised[done]
    assert 0.80 < kept.mean() < 0.97


@pytest.mark.parametrize("name", EVENTS)
def test_the_day_is_what_the_news_until_then_add_up_to(
    source: OrderSource, tables: dict[str, pa.Table], name: str
) -> None:
    key = list(RAW_BY_NAME[name].key)
    days = (END - 40, END - 9, END - 8, END)
    parts = [equipment_tables(source, None, days[0])[name]]
    parts += [equipment_tables(source, since, day)[name] for since, day in itertools.pairwise(days)]
    for part, day in zip(parts, days, strict=True):
        assert pc.max(part.column("loaded_at").cast(pa.date32())).as_py() <= to_date(day)
    union = pa.concat_tables(parts).to_pandas().drop_duplicates(key, keep="last").sort_values(key)
    expected = tables[name].to_pandas().sort_values(key)
    pd.testing.assert_frame_equal(union.reset_index(drop=True), expected.reset_index(drop=True))


def test_milestones_come_late_twice_or_never(source: OrderSource, tables: dict[str, pa.Table]) -> None:
    events = tables["mto_milestone"].to_pandas()
    events = events[events["milestone_code"].isin([stage.code for stage in STAGES])]
    late = (events["loaded_at"].dt.normalize() - events["event_at"].dt.normalize()).dt.days
    assert (late >= 0).all() and 0.03 < (late > 0).mean() < 0.08
    twice = events.duplicated(["order_id", "milestone_code"])
    assert 0.01 < twice.mean() < 0.02
    told = len(events[~twice])
    happened = (source.tables.orders.times < END + 1).sum()
    assert 0.96 < told / happened < 0.99
    in_order = events.sort_values(["order_id", "source_seq"]).groupby("order_id")["event_at"].diff()
    assert 0.005 < (in_order < pd.Timedelta(0)).mean() < 0.06


def test_nothing_is_told_of_an_order_before_its_row(source: OrderSource) -> None:
    for day in (END - 40, END):
        told = equipment_tables(source, None, day)
        known = set(told["mto_order"].column("order_id").to_pylist())
        for name in ("mto_milestone", "mto_change_request", "order_cost"):
            assert known.issuperset(told[name].column("order_id").to_pylist())


def test_dates_and_status_of_an_order_agree(tables: dict[str, pa.Table]) -> None:
    orders = tables["mto_order"].to_pandas()
    status = orders["order_status"]
    assert set(status) == {"quoted", "open", "delivered", "cancelled"}
    assert (orders["delivered_date"].notna() == (status == "delivered")).all()
    lapsed = orders["cancel_reason"] == "quote_lapsed"
    assert lapsed.any() and (status[lapsed] == "quoted").all()
    assert (orders["cancelled_date"].notna() == ((status == "cancelled") | lapsed)).all()
    assert (orders["cancel_reason"].notna() == ((status == "cancelled") | lapsed)).all()
    delivered = orders[status == "delivered"]
    assert delivered[["unit_id", "as_built_options", "final_price", "confirmed_date"]].notna().all(axis=None)
    assert 0.85 < (delivered["as_built_options"] == delivered["options"]).mean() < 1
    assert orders.loc[status == "quoted", "promised_date"].isna().all()
    assert orders["unit_id"].dropna().is_unique
    assert (orders.loc[orders["credit_status"] == "refused", "confirmed_date"].isna()).all()


def test_what_is_booked_is_what_was_planned_but_for_chance_and_what_nobody_plans(
    tables: dict[str, pa.Table],
) -> None:
    orders, costs = (tables[name].to_pandas() for name in ("mto_order", "order_cost"))
    unplanned = ("deposit", "invoice", "expedite", "incentive", "warranty")
    booked = costs[~costs["cost_kind"].isin(unplanned)].groupby("order_id")["amount"].sum()
    done = orders[orders["order_status"] == "delivered"].set_index("order_id")
    gap = booked.reindex(done.index) - done["quoted_cost"]
    assert abs(gap.mean()) < 0.005 * done["quoted_cost"].mean()
    assert (gap.abs() < 0.04 * done["quoted_cost"]).all()


def test_the_catalogue_has_all_families_and_the_rules_all_types(tables: dict[str, pa.Table]) -> None:
    options, rules = tables["config_option"].to_pandas(), tables["configuration_rule"].to_pandas()
    assert set(options["option_family"]) == set(OPTION_FAMILIES)
    assert set(options["lead_time_class"]) == set(LEAD_TIME_CLASSES)
    assert set(rules["rule_type"]) == set(RULE_TYPES)
    assert (pd.to_datetime(options["effective_to"].dropna()) > pd.Timestamp(to_date(END))).any()
    assert rules.duplicated("rule_id").any() and rules["market"].notna().any()
    assert set(tables["option_price"].to_pandas()["option_id"]) == set(options["option_id"])


def test_few_orders_break_a_rule_and_the_clean_rules_leave_nothing_dead(tables: dict[str, pa.Table]) -> None:
    options, rules = _dated(tables["config_option"]), _dated(tables["configuration_rule"])
    orders, today = _dated(tables["mto_order"]), pd.Timestamp(to_date(END))
    recent = orders[orders["order_date"] > today - pd.Timedelta(days=25)]
    sets = {
        (market, model): RuleSet.of(rules, options, market, model, today)
        for market, model in set(zip(recent["market"], recent["model"], strict=True))
    }
    broken = [
        bool(violations(sets[row.market, row.model], frozenset(row.options.split("|"))))
        for row in recent.itertuples()
    ]
    assert len(broken) > 100 and 0 < np.mean(broken) < 0.06
    for market in ("US", "CA"):
        assert not rule_faults(RuleSet.of(rules, options, market, "LOADER-3", today)).found
    for label, market in (("dead_option", "US"), ("empty_market", "CA")):
        table = tables["configuration_rule"]
        damaged = _dated(DEFECTS[label].damage(table, np.array([0])))
        found = rule_faults(RuleSet.of(damaged, options, market, "LOADER-3", today)).found
        assert {fault.option for fault in found} == ({"PKG-CONV"} if label == "dead_option" else {"*"})


def test_a_change_after_the_cut_off_is_refused(source: OrderSource) -> None:
    orders, changes = source.tables.orders, source.tables.changes
    cutoffs = np.array([option.cutoff for option in OPTIONS])
    code = np.where(changes.toggled >= 0, cutoffs[changes.toggled], CUTOFF_OF_COLOUR)
    reached = np.array([orders.at(str(one))[order] for one, order in zip(code, changes.order, strict=True)])
    passed, decided = reached <= changes.requested, np.isin(changes.decision, (APPROVED, REJECTED))
    granted = changes.decision == APPROVED
    assert granted[decided & ~passed].mean() > 0.8 > 0.25 > granted[decided & passed].mean()
    assert changes.is_internal.any() and passed.any() and (changes.number == 2).any()
    assert passed.mean() < 0.5


def test_past_choices_follow_the_stated_weights() -> None:
    """A logit fitted to what was chosen, within reach and price, finds the weights again."""
    rng = np.random.default_rng(5)
    count, places = 6_000, 12
    position = rng.uniform(0, 600, (places, 2))
    distance = np.hypot(*(position[:, None] - position).transpose(2, 0, 1))
    received = rng.integers(0, 1_000, count)
    units = SoldUnits(
        model=rng.integers(0, 3, count), trim=rng.integers(0, 4, count), place=rng.integers(0, places, count),
        received=received, sold=received + rng.integers(1, 40, count),
        price=30_000 + 1_000.0 * rng.integers(0, 9, count),
    )  # fmt: skip
    sales = rng.choice(count, 2_500, replace=False)
    wishes = draw_wishes(units, sales, keyed(stream(1, "test"), sales), distance)
    chosen = wishes.unit
    sets = []
    for row, unit in enumerate(chosen):
        there = (units.model == units.model[unit]) & (units.received <= units.sold[unit])
        there = np.flatnonzero(there & (units.sold >= units.sold[unit]))
        km, money = (
            distance[wishes.place[row], units.place[there]],
            wishes.max_price[row] - units.price[there],
        )
        reach = (km <= REACH_KM) & (money >= 0)
        features = np.stack([units.trim[there] == wishes.trim[row], money / 1_000, km / 100], axis=1)[reach]
        sets.append((features.astype(float), int(np.flatnonzero(there[reach] == unit)[0])))
    weights = _fitted(sets)
    assert weights == pytest.approx(list(TRUE_WEIGHTS.values()), rel=0.2)
    assert np.median(wishes.choices) > 5


def _fitted(sets: list[tuple[np.ndarray, int]]) -> np.ndarray:
    """Maximum likelihood of a conditional logit by Newton's steps."""
    weights = np.zeros(sets[0][0].shape[1])
    for _ in range(8):
        slope, curve = np.zeros(len(weights)), np.zeros((len(weights), len(weights)))
        for features, chosen in sets:
            chance = np.exp(features @ weights - (features @ weights).max())
            chance /= chance.sum()
            mean = chance @ features
            slope += features[chosen] - mean
            curve += (features * chance[:, None]).T @ features - np.outer(mean, mean)
        weights += np.linalg.solve(curve, slope)
    return weights


def _dated(table: pa.Table) -> pd.DataFrame:
    frame = table.to_pandas()
    for column in ("effective_from", "effective_to", "order_date"):
        if column in frame:
            frame[column] = pd.to_datetime(frame[column])
    return frame
