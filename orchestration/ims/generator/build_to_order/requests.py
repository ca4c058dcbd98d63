"""Who looks for a unit: requests that are open for a while and end without a unit.

They come to every place at a steady rate, for something that can be built. Requests that found a unit
are `choices`' business: they need units to choose from.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from orchestration.ims.generator.arrow_columns import NEVER, dates, source_table, texts
from orchestration.ims.generator.build_to_order.option_list import OPTIONS, POSITION
from orchestration.ims.generator.build_to_order.setting import Setting
from orchestration.ims.generator.counters import Floats, keyed, stream, uniform
from orchestration.ims.generator.customers import customer_ids
from orchestration.ims.generator.documents import SEGMENTS

KINDS = ("order", "lead", "enquiry")
REQUEST_DAYS = 150
# requests per made-to-order order, and how long they last: 9 to 90 days
_PER_ORDER, _OPEN_DAYS, _OPEN_SIGMA = 1.3, 30.0, 0.6
_LEAST_OPEN_DAYS, _MOST_OPEN_DAYS = 5, 100
_KIND_SHARES, _SEGMENT_SHARES = np.array([0.3, 0.65]), np.array([0.82, 0.88])
_OUTCOMES = ("open", "lost", "withdrawn", "ordered")
_OUTCOME_SHARES = np.array([0.45, 0.8])
_REACH_KM = np.array([150.0, 300.0, 500.0, 800.0])
_WISHED = (
    "APP-BLACK",
    "CMF-HEAT",
    "CMF-ROOF",
    "PKG-COLD",
    "PKG-CONV",
    "PKG-TOW",
    "TEC-360",
    "TEC-NAV",
    "WHL-20",
)
_MUST_SHARE, _WISH_SHARE, _PRICE_SHARE, _DATE_SHARE, _TRIM_SHARE, _COLOUR_SHARE = (
    0.12,
    0.5,
    0.7,
    0.5,
    0.75,
    0.6,
)


def customer_request_table(
    setting: Setting, wishes: dict[str, pa.Array], since: int | None, as_of: int
) -> pa.Table:
    """Requests as known on `as_of`; `wishes` are columns by build: powertrain, trim, color, category."""
    days = np.arange(max(setting.anchor - REQUEST_DAYS, setting.start), as_of + 1)
    asked = uniform(stream(setting.seed, "requests/asked"), setting.location_keys[:, None], days)
    location, column = np.nonzero((asked < _PER_ORDER * setting.daily_orders) & ((days + 3) % 7 != 6))
    day = days[column]
    key = keyed(stream(setting.seed, "request/one"), setting.location_keys[location], day)
    normal_score = _score(key)
    lasts = np.clip(_OPEN_DAYS * np.exp(_OPEN_SIGMA * normal_score), _LEAST_OPEN_DAYS, _MOST_OPEN_DAYS)
    ends = day + lasts.astype(np.int64)
    known = np.where(ends <= as_of, ends, day)
    at = np.flatnonzero(known > (-1 if since is None else since))
    key, location, day, ends = key[at], location[at], day[at], ends[at]

    def draw(number: int) -> Floats:
        return uniform(key, 10 + number)

    build = pa.array((draw(0) * len(setting.builds.model)).astype(np.int64))
    segment = np.searchsorted(_SEGMENT_SHARES, draw(1))
    outcome = np.where(ends <= as_of, 1 + np.searchsorted(_OUTCOME_SHARES, draw(2)), 0)
    option = np.array([POSITION[name] for name in _WISHED])
    first, second = ((draw(number) * len(option)).astype(np.int64) for number in (3, 4))
    wished = [
        "|".join(sorted({_WISHED[one], _WISHED[other]})) if some else None
        for one, other, some in zip(first, second, draw(5) < _WISH_SHARE, strict=True)
    ]
    must = [_WISHED[one] if some else None for one, some in zip(first, draw(6) < _MUST_SHARE, strict=True)]
    price = setting.builds.list_price[build.to_numpy()]
    extra = np.array([OPTIONS[at].price for at in option[first]])
    places = setting.location_ids.take(pa.array(location))
    return source_table(
        "customer_request",
        {
            "request_id": pa.array(
                [f"CR-{place}-{one}" for place, one in zip(places.to_pylist(), day, strict=True)], pa.string()
            ),
            "request_date": dates(day),
            "location_id": places,
            "request_kind": texts(list(KINDS), np.searchsorted(_KIND_SHARES, draw(7))),
            "customer_id": customer_ids(segment, (draw(8) * 400).astype(np.int64)),
            "segment_id": texts(list(SEGMENTS), segment),
            "order_priority": pa.array(1 + (draw(9) * 3).astype(np.int64)),
            "model": pa.array([setting.builds.model[one] for one in build.to_pylist()], pa.string()),
            "category": wishes["category"].take(build),
            "powertrain": _some(wishes["powertrain"].take(build), draw(10) < 0.5),
            "trim": _some(wishes["trim"].take(build), draw(11) < _TRIM_SHARE),
            "color": _some(wishes["color"].take(build), draw(12) < _COLOUR_SHARE),
            "must_options": pa.array(must, pa.string()),
            "wish_options": pa.array(wished, pa.string()),
            "max_price": pa.array(
                np.round(price * (1.0 + 0.1 * draw(13)) + extra, -2), mask=draw(14) >= _PRICE_SHARE
            ),
            "needed_date": dates(
                np.where(draw(15) < _DATE_SHARE, day + 10 + (50 * draw(16)).astype(np.int64), NEVER)
            ),
            "max_distance_km": pa.array(_REACH_KM[(draw(17) * len(_REACH_KM)).astype(np.int64)]),
            "request_outcome": texts(list(_OUTCOMES), outcome),
            "outcome_date": dates(np.where(outcome > 0, ends, NEVER)),
            "unit_id": pa.nulls(len(at), pa.string()),
        },
        source=setting.source,
        known=np.where(ends <= as_of, ends, day),
    )


def _score(key: np.ndarray) -> Floats:
    from scipy.special import ndtri

    return np.asarray(ndtri(uniform(key, 0)))


def _some(column: pa.Array, stated: np.ndarray) -> pa.Array:
    return pa.compute.if_else(pa.array(stated), column, pa.scalar(None, pa.string()))


def no_wishes(count: int, category: str) -> dict[str, pa.Array]:
    """Return the wishes of `count` builds that have a category and nothing else to be wished for."""
    nothing = pa.nulls(count, pa.string())
    return {
        "category": pa.repeat(pa.scalar(category), count),
        "powertrain": nothing,
        "trim": nothing,
        "color": nothing,
    }
