"""Key figures of stock and service; a ratio without a denominator is None, never 0."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass


def ratio(numerator: float, denominator: float) -> float | None:
    """Numerator / denominator, None where the denominator is 0.

    >>> ratio(1, 4), ratio(1, 0)
    (0.25, None)
    """
    return numerator / denominator if denominator else None


def turnover(cost_of_sales: float, average_inventory_cost: float, window_days: float = 365.0) -> float | None:
    """Cost of sales per year over the average of daily inventory at cost, turns per year.

    >>> turnover(100_000, 200_000, 73)
    2.5
    """
    return ratio(cost_of_sales * 365.0 / window_days, average_inventory_cost)


def days_in_inventory(turns: float | None) -> float | None:
    """365 / turnover, days; None without sales.

    >>> days_in_inventory(5.0)
    73.0
    """
    return ratio(365.0, turns) if turns else None


def days_supply(on_hand: float, daily_rate: float) -> float | None:
    """On-hand over the daily rate (forecast or recent sales, in the same measure), days.

    >>> days_supply(180_000, 4_000)
    45.0
    """
    return ratio(on_hand, daily_rate)


def gmroi(gross_margin: float, average_inventory_cost: float) -> float | None:
    """Yearly gross margin over average inventory at cost.

    >>> gmroi(300, 200)
    1.5
    """
    return ratio(gross_margin, average_inventory_cost)


@dataclass(frozen=True)
class RequestedLine:
    """One order line: its order, the units requested and the units filled from stock at once."""

    order_id: str
    requested_units: float
    filled_units: float


def fill_rates(lines: Sequence[RequestedLine]) -> tuple[float | None, float | None, float | None]:
    """Unit, line and order fill; a partly filled line or order counts as not filled.

    >>> fill_rates([RequestedLine("a", 10, 10), RequestedLine("a", 5, 0), RequestedLine("b", 5, 5)])
    (0.75, 0.6666666666666666, 0.5)
    """
    complete = [line.filled_units >= line.requested_units for line in lines]
    orders = {line.order_id for line in lines}
    short = {line.order_id for line, full in zip(lines, complete, strict=True) if not full}
    filled = sum(min(line.filled_units, line.requested_units) for line in lines)
    return (
        ratio(filled, sum(line.requested_units for line in lines)),
        ratio(sum(complete), len(lines)),
        ratio(len(orders - short), len(orders)),
    )


@dataclass(frozen=True)
class PromisedOrder:
    """Days promised and taken; an order still open has no `actual_days` but an age."""

    promised_days: float
    actual_days: float | None
    age_days: float | None = None


def lead_time_accuracy(orders: Iterable[PromisedOrder]) -> tuple[float | None, float | None, float | None]:
    """On-time share of orders due, mean absolute and mean error of the completed, days.

    An open order past its promise is late and belongs to the due ones; one not yet due does not.

    >>> lead_time_accuracy([PromisedOrder(30, 28), PromisedOrder(30, None, 40), PromisedOrder(30, None, 5)])
    (0.5, 2.0, -2.0)
    """
    listed = list(orders)
    done = [(order.actual_days - order.promised_days) for order in listed if order.actual_days is not None]
    overdue = sum(
        order.actual_days is None and (order.age_days or 0.0) > order.promised_days for order in listed
    )
    on_time = sum(error <= 0 for error in done)
    return (
        ratio(on_time, len(done) + overdue),
        ratio(sum(abs(error) for error in done), len(done)),
        ratio(sum(done), len(done)),
    )


def forecast_errors(errors: Sequence[float]) -> dict[str, float]:
    """Bias, spread about it, RMSE, MAD and tracking signal of errors (actual − forecast).

    Correct the mean by the bias and use the spread about it; using RMSE as well counts bias twice.

    >>> forecast_errors([1.0, 3.0])["tracking_signal"]
    2.0
    """
    n = len(errors)
    bias = sum(errors) / n
    mad = sum(abs(error) for error in errors) / n
    return {
        "bias": bias,
        "sd_about_bias": (sum((error - bias) ** 2 for error in errors) / (n - 1)) ** 0.5 if n > 1 else 0.0,
        "rmse": (sum(error**2 for error in errors) / n) ** 0.5,
        "mad": mad,
        "tracking_signal": sum(errors) / mad if mad else 0.0,
    }
