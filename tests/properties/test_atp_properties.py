"""What holds of availability over time, on thousands of random places at once."""

from __future__ import annotations

import numpy as np
import pytest

from optimization.promising.look_ahead import (
    Numbers,
    discrete,
    first_date,
    first_short_day,
    look_ahead,
    net_back,
    projected,
    shortage,
)
from optimization.promising.running import promise_places, promise_quotas, sorted_flows

PLACES, DAYS = 20_000, 30
Case = tuple[Numbers, Numbers, Numbers]


@pytest.fixture(scope="module", params=[1, 2])
def case(request: pytest.FixtureRequest) -> Case:
    """Stock (n), supply and commitments (n, H); some places are hopelessly overcommitted."""
    random = np.random.default_rng(request.param)
    stock = random.integers(0, 40, PLACES).astype(float)
    supply = random.integers(1, 30, (PLACES, DAYS)) * (random.random((PLACES, DAYS)) < 0.15)
    owed = random.integers(1, 15, (PLACES, DAYS)) * (random.random((PLACES, DAYS)) < 0.3)
    return stock, supply.astype(float), owed.astype(float)


def test_the_running_sum_of_net_backed_discrete_is_the_look_ahead(case: Case) -> None:
    running = np.cumsum(net_back(discrete(*case)), axis=1)
    np.testing.assert_array_equal(running, look_ahead(projected(*case)))


def test_more_supply_or_fewer_commitments_never_lower_a_promise(case: Case) -> None:
    stock, supply, owed = case
    before = look_ahead(projected(stock, supply, owed))
    random = np.random.default_rng(3)
    more = supply + random.integers(0, 9, supply.shape) * (random.random(supply.shape) < 0.1)
    fewer = owed * (random.random(owed.shape) < 0.8)
    assert (look_ahead(projected(stock, more, owed)) >= before).all()
    assert (look_ahead(projected(stock, supply, fewer)) >= before).all()


def test_a_promise_that_is_given_leaves_every_commitment_kept(case: Case) -> None:
    stock, supply, owed = case
    balance = projected(stock, supply, owed)
    promise = np.maximum(look_ahead(balance), 0)
    day = np.random.default_rng(4).integers(0, DAYS, PLACES)
    rows = np.arange(PLACES)
    given = owed.copy()
    given[rows, day] += promise[rows, day]
    after = projected(stock, supply, given)
    np.testing.assert_array_equal(shortage(after), shortage(balance))
    # One unit more would break a promise.
    given[rows, day] += 1
    assert (look_ahead(projected(stock, supply, given))[rows, day] < 0).all()


def test_the_days_of_change_tell_the_whole_calendar(case: Case) -> None:
    stock, supply, owed = case
    place, day = np.nonzero(supply + owed)
    units = (supply - owed)[place, day]
    shuffled = np.random.default_rng(5).permutation(len(place))
    later = np.minimum(day + 2, DAYS - 1)[shuffled]
    flows = sorted_flows(PLACES, place[shuffled], day[shuffled], units[shuffled], np.zeros(len(place)))
    promises, short, short_day = promise_places(stock, flows)
    balance = projected(stock, supply, owed)
    dense = np.maximum(look_ahead(balance), 0)
    np.testing.assert_array_equal(_calendar(promises.first, promises.day, promises.safe), dense)
    np.testing.assert_array_equal(short, shortage(balance))
    np.testing.assert_array_equal(short_day, first_short_day(balance))
    both = sorted_flows(PLACES, place[shuffled], later, np.zeros(len(place)), units[shuffled])
    assert (promise_places(stock, both)[0].expected >= 0).all()

    quota = np.random.default_rng(6).integers(0, 20, PLACES).astype(float)
    row, capped = promise_quotas(np.arange(PLACES), quota, promises)
    np.testing.assert_array_equal(
        _calendar(capped.first, capped.day, capped.safe), np.minimum(dense, quota[:, None])
    )
    assert (capped.safe <= promises.safe[row]).all()


def test_the_first_date_for_a_quantity_is_the_first_day_that_has_it(case: Case) -> None:
    promise = look_ahead(projected(*case))
    units = np.random.default_rng(7).integers(1, 30, PLACES).astype(float)
    first = first_date(promise, units)
    enough = promise >= units[:, None]
    assert (enough.any(axis=1) == (first >= 0)).all()
    known = np.flatnonzero(first >= 0)
    assert enough[known, first[known]].all()
    # The promise never falls over time, so that no earlier day has it and every later one does.
    assert (enough.sum(axis=1)[known] == DAYS - first[known]).all()


def _calendar(first: np.ndarray, day: np.ndarray, units: Numbers) -> Numbers:
    """Days of change spread over all days."""
    column = np.zeros((len(first) - 1, DAYS))
    place = np.repeat(np.arange(len(first) - 1), np.diff(first))
    before = np.concatenate([[0.0], units[:-1]])
    before[first[:-1]] = 0.0
    np.add.at(column, (place, day), units - before)
    return np.asarray(np.cumsum(column, axis=1))
