"""What must hold of every promise, on cases at random: the identity, and who may lose by what."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from optimization.contracts.allocation_tables import SOFT_RESERVATION
from optimization.parameters import AtpParameters
from optimization.promising.atp import available_to_promise
from optimization.promising.look_ahead import discrete, look_ahead, net_back, projected
from optimization.promising.running import discrete_promises, promise_places, sorted_flows
from tests.promise_frames import empty
from tests.science_frames import AS_OF, item_location, supply_expectation

CASES, DAYS = 20_000, 14


@pytest.fixture(scope="module")
def cases() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Stock, supply and commitments of places at random; some owe more than they will ever have."""
    random = np.random.default_rng(20230426)
    stock = random.integers(-5, 30, CASES).astype(float)
    supply = random.integers(1, 20, (CASES, DAYS)) * (random.random((CASES, DAYS)) < 0.25)
    owed = random.integers(1, 15, (CASES, DAYS)) * (random.random((CASES, DAYS)) < 0.35)
    return stock, supply.astype(float), owed.astype(float)


def test_the_net_backed_discrete_promise_adds_up_to_the_look_ahead_one(cases: Any) -> None:
    ahead = look_ahead(projected(*cases))
    assert np.array_equal(np.cumsum(net_back(discrete(*cases)), axis=1), ahead)


def test_the_table_by_days_of_change_tells_the_same(cases: Any) -> None:
    stock, supply, owed = cases
    ahead, balance = look_ahead(projected(*cases)), projected(*cases)
    place, day = np.nonzero(supply + owed)
    flow = (supply - owed)[place, day]
    promises, short, _ = promise_places(stock, sorted_flows(CASES, place, day, flow, flow))
    row_place = np.repeat(np.arange(CASES), np.diff(promises.first))
    assert np.array_equal(promises.safe, np.maximum(ahead[row_place, promises.day], 0.0))
    assert np.array_equal(promises.projected, balance[row_place, promises.day])
    assert np.array_equal(short, np.maximum(-balance.min(axis=1), 0.0))
    # The discrete rows are the net-backed ones, of which what is owed beyond all supply is taken first.
    parts = discrete_promises(promises)
    ends = np.cumsum(parts)
    before = np.concatenate([[0.0], ends])[promises.first[:-1]]
    assert np.array_equal(ends - before[row_place], promises.safe)
    netted = net_back(discrete(*cases))
    is_sound = netted[:, 0] >= 0
    dense = np.zeros_like(netted)
    dense[row_place, promises.day] = parts
    assert np.array_equal(dense[is_sound], netted[is_sound])


# --- who may lose by what


def _frames(seed: int, items: int = 60) -> dict[str, pd.DataFrame]:
    random = np.random.default_rng(seed)
    names = np.array([f"I{number:03d}" for number in range(items)], dtype=object)
    places = pd.MultiIndex.from_product([names, ["L1", "L2", "L3"]], names=["item_id", "location_id"])
    n = len(places)
    key = places.to_frame(index=False).astype(object)
    located = item_location(1).loc[np.zeros(n, dtype=int)].reset_index(drop=True)
    located = located.assign(**key, on_hand_units=random.integers(0, 20, n).astype(float))
    at = random.integers(0, n, n)
    p50 = AS_OF + pd.to_timedelta(random.integers(0, 30, n), unit="D")
    supply = supply_expectation(
        item_id=key["item_id"].to_numpy()[at],
        location_id=key["location_id"].to_numpy()[at],
        open_units=random.integers(1, 12, n).astype(float),
        expected_p50_date=p50.astype("datetime64[ns]"),
        expected_p90_date=(p50 + pd.to_timedelta(random.integers(0, 9, n), unit="D")).astype(
            "datetime64[ns]"
        ),
    )
    who = np.unique(random.integers(0, 2 * n, 2 * n))
    due = AS_OF + pd.to_timedelta(random.integers(0, 40, len(who)), unit="D")
    owed = key.loc[who // 2].reset_index(drop=True)
    owed = owed.assign(
        segment_id=np.array(["FLEET", "RETAIL"], dtype=object)[who % 2],
        due_date=due.astype("datetime64[ns]"),
        committed_units=random.integers(1, 8, len(who)).astype(float),
    )
    shares = key.loc[np.repeat(np.arange(n), 2)].reset_index(drop=True)
    shares = shares.assign(
        segment_id=np.tile(np.array(["FLEET", "RETAIL"], dtype=object), n),
        available_units=random.integers(0, 12, 2 * n).astype(float),
        borrowable_units=0.0,
    )
    return {"places": located, "supply": supply, "owed": owed, "shares": shares}


def _atp(frames: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """Promise of every day, by item, location and segment: network, places and segments alike."""
    rows, _ = available_to_promise(
        frames["places"],
        frames["supply"],
        frames["owed"],
        frames["shares"],
        empty(SOFT_RESERVATION),
        AS_OF,
        AtpParameters(horizon_days=45),
    )
    rows = rows.assign(day=(rows["from_date"] - AS_OF).dt.days)
    key = ["item_id", "location_id", "segment_id"]
    wide = rows.pivot(index=key, columns="day", values=["atp_units", "expected_atp_units"])
    days = pd.MultiIndex.from_product([["atp_units", "expected_atp_units"], range(45)])
    wide = wide.reindex(columns=days)
    return pd.concat([wide[name].ffill(axis=1) for name in ("atp_units", "expected_atp_units")], axis=1)


@pytest.mark.parametrize("seed", range(3))
def test_supply_never_lowers_a_promise(seed: int) -> None:
    frames = _frames(seed)
    before = _atp(frames)
    more = frames["supply"].sample(40, random_state=seed)
    more = more.assign(supply_order_id=more["supply_order_id"] + "-more", open_units=5.0)
    # A segment's share holds its orders until its place's next supply: where there is one already.
    after = _atp(frames | {"supply": pd.concat([frames["supply"], more], ignore_index=True)})
    assert (after.to_numpy() >= before.to_numpy()).all()
    assert (after.to_numpy() > before.to_numpy()).any()
    stock = frames["places"].assign(on_hand_units=frames["places"]["on_hand_units"] + 2.0)
    assert (_atp(frames | {"places": stock}).to_numpy() >= before.to_numpy()).all()


@pytest.mark.parametrize("seed", range(3))
def test_an_order_that_is_gone_never_lowers_a_promise(seed: int) -> None:
    frames = _frames(seed)
    before = _atp(frames)
    left = frames["owed"].sample(frac=0.7, random_state=seed).sort_index().reset_index(drop=True)
    after = _atp(frames | {"owed": left})
    assert (after.to_numpy() >= before.to_numpy()).all()
    assert (after.to_numpy() > before.to_numpy()).any()
