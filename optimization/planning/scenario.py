"""What a scenario may say: overrides on a baseline, each with the rows it is for, and its name.

Only the statement. What it does to the frames stands in `overriding`, how it is played in `scenarios`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from optimization.errors import StockplanError

BASELINE = "current"
Multiplier = Annotated[float, Field(ge=0, le=20)]


class ScenarioError(StockplanError):
    """A scenario cannot be read or played; the message names the place and what may stand there."""


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class Where(_Part):
    """The rows that an override is for: all that match every list that is given."""

    category: tuple[str, ...] = ()
    supplier: tuple[str, ...] = ()
    location: tuple[str, ...] = ()


class Override(_Part):
    """Changed terms of some rows; a later override of the same term wins.

    `holding_rate` replaces the yearly rate, `cost_of_capital_change` is added to it;
    `capacity_units_per_week` is what the rows' suppliers can deliver of them together.
    """

    where: Where = Where()
    service_target: float | None = Field(None, gt=0, lt=1)
    service_metric: Literal["cycle", "fill", "ready"] | None = None
    holding_rate: float | None = Field(None, ge=0, le=5)
    cost_of_capital_change: float | None = Field(None, ge=-1, le=5)
    lead_time_multiplier: Multiplier | None = None
    demand_multiplier: Multiplier | None = None
    moq_units: float | None = Field(None, ge=0)
    moq_multiplier: Multiplier | None = None
    capacity_units_per_week: float | None = Field(None, ge=0)

    @model_validator(mode="after")
    def _says_something(self) -> Override:
        said = [name for name, value in self if name != "where" and value is not None]
        if not said:
            terms = ", ".join(name for name in type(self).model_fields if name != "where")
            raise ValueError(f"the override changes nothing; give at least one of {terms}")
        return self


class Outage(_Part):
    """A supplier that ships nothing and works on nothing for `days` from a date on."""

    supplier: str
    first_day: date = Field(alias="from")
    days: int = Field(ge=1, le=730)


class Scenario(_Part):
    """One scenario: `budget` is money for stock at cost of the whole network, targets then come from it.

    `baseline` names what is overridden: `current`, or a release id. `weeks` are counted on `paths` random
    paths per item-location, after `settling_weeks` that are played only, until today's stock is forgotten.
    """

    name: str = Field(min_length=1, max_length=100)
    description: str = ""
    baseline: str = BASELINE
    budget: float | None = Field(None, gt=0)
    seed: int = Field(20230426, ge=0)
    weeks: int = Field(52, ge=4, le=156)
    settling_weeks: int = Field(13, ge=0, le=52)
    paths: int = Field(4, ge=1, le=100)
    overrides: tuple[Override, ...] = ()
    outages: tuple[Outage, ...] = ()


def scenario_of(content: Mapping[str, Any]) -> Scenario:
    """Read a scenario from plain values. Raises `ScenarioError` with every fault and what is valid.

    >>> scenario_of({"name": "more", "overrides": [{"service_target": 0.98}]}).overrides[0].service_target
    0.98
    >>> scenario_of({"name": "more", "overrides": [{"service": 0.98}]})
    Traceback (most recent call last):
    ...
    optimization.planning.scenario.ScenarioError: the scenario cannot be read:
      overrides[0]: unknown key 'service'; use one of where, service_target, service_metric, holding_rate, \
cost_of_capital_change, lead_time_multiplier, demand_multiplier, moq_units, moq_multiplier, \
capacity_units_per_week
    """
    try:
        return Scenario.model_validate(dict(content))
    except ValidationError as error:
        lines = [_told(fault["loc"], fault["type"], fault["msg"]) for fault in error.errors()]
        raise ScenarioError("the scenario cannot be read:\n  " + "\n  ".join(lines)) from error


def scenario_id(scenario: Scenario, release_id: str, series: int | None = None) -> str:
    """Return the id: a hash of what decides the numbers, the release that is read and the seed.

    The name and the description decide nothing. `series`: most item-locations that are played.

    >>> one, other = (scenario_of({"name": name}) for name in ("a", "b"))
    >>> scenario_id(one, "2023-06-15-1-64eeffd9") == scenario_id(other, "2023-06-15-1-64eeffd9")
    True
    """
    content = scenario.model_dump(mode="json", exclude={"name", "description", "baseline"})
    told = json.dumps([content, release_id, series], sort_keys=True)
    return hashlib.sha256(told.encode()).hexdigest()[:16]


def _told(place: tuple[int | str, ...], kind: str, message: str) -> str:
    where = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in place).lstrip(".")
    if kind != "extra_forbidden":
        return f"{where or 'scenario'}: {message.removeprefix('Value error, ')}"
    holder, _, key = where.rpartition(".")
    return f"{holder or 'scenario'}: unknown key {key!r}; use one of {', '.join(_keys_at(place))}"


def _keys_at(place: tuple[int | str, ...]) -> list[str]:
    parts: dict[str, type[BaseModel]] = {"overrides": Override, "outages": Outage, "where": Where}
    part: type[BaseModel] = Scenario
    for step in place[:-1]:
        part = parts.get(str(step), part)
    return [field.alias or name for name, field in part.model_fields.items()]
