"""A serving database with one row of every published table for each of two regions, and logins of every role.

What is planted is told with it, so that a test can say which rows a login must see without asking the
database's own rules.
"""

from __future__ import annotations

import datetime
import decimal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import psycopg
import pyarrow as pa
from pydantic import SecretStr

from orchestration.lake.ledger import Ledger
from orchestration.lake.paths import Lake
from orchestration.production_settings import ServingSettings
from orchestration.publish.candidate import build_candidate
from orchestration.publish.release import publish
from orchestration.publish.serving.publishing import publish_release
from orchestration.publish.serving.schema import init
from orchestration.publish.shelf import Release
from orchestration.settings import Settings
from tests.rendered_models import PROJECT, published_types
from tests.servers import PostgresServer

DAY = datetime.date(2024, 1, 31)
# Made in Python, so no model states their columns.
MADE_TABLES = ("check_result", "data_dictionary", "lineage", "quarantine")
_PLACE_COLUMNS = (
    "location_id",
    "unit_location_id",
    "source_location_id",
    "from_location_id",
    "to_location_id",
)
_SCOPE_COLUMNS = {"breakdown": "breakdown_value", "scope_type": "scope_id"}
_NUMBERS = {"EAST": 1001, "WEST": 2002, "ALL": 3003}

Row = dict[str, Any]


def published_names() -> list[str]:
    """Names of every table that is published: the models', and those made in Python."""
    models = (PROJECT / "models" / "published").glob("*.sql")
    return sorted([*(file.stem for file in models), *MADE_TABLES])


@cache
def _types(table: str) -> dict[str, str]:
    types = {"detail": "varchar"} if table in MADE_TABLES else published_types(table)
    return {name: kind for name, kind in types.items() if name != "as_of"}


def planted_rows(table: str) -> list[tuple[set[str], Row]]:
    """Rows of a table, each with the regions that all its places lie in; empty for one without a place.

    A scope column is told as a location, a region and the network; two places as alike and mixed.
    """
    types = _types(table)
    variants: list[tuple[str, dict[str, str]]] = [(region, {}) for region in ("EAST", "WEST", "ALL")]
    scope = next((name for name in _SCOPE_COLUMNS if name in types), None)
    if scope:
        other = _SCOPE_COLUMNS[scope]
        variants = [
            (region, {scope: kind, other: value})
            for region in ("EAST", "WEST")
            for kind, value in (("location", f"L-{region}"), ("region", region), ("category", region))
        ]
        variants.append(("ALL", {scope: "network", other: "*"}))
    places = [name for name in _PLACE_COLUMNS if name in types]
    for one in places[1:]:
        variants += [("EAST", {one: "L-WEST"}), ("WEST", {one: "L-EAST"})]
    return [
        (_regions_of(region, told), {name: told.get(name, _value(table, name, kind, region, number))
                                     for name, kind in types.items()})
        for number, (region, told) in enumerate(variants)
    ]  # fmt: skip


def _regions_of(region: str, told: dict[str, str]) -> set[str]:
    mixed = {value.removeprefix("L-") for name, value in told.items() if name in _PLACE_COLUMNS}
    return set() if region == "ALL" else {region} | mixed


def _value(table: str, name: str, kind: str, region: str, number: int) -> Any:
    """A value that tells its region, wherever its type can."""
    base = kind.split("(")[0]
    if name in _PLACE_COLUMNS:
        return "*" if region == "ALL" else f"L-{region}"
    if name in ("region", "resource_scope"):
        return "*" if region == "ALL" else region
    if name in ("order_id", "unit_id", "item_id"):
        return f"{name}-{region}"
    if base == "varchar":
        return f"{region} {table}.{name} {number}"
    return {
        "boolean": True,
        "date": DAY,
        "timestamp": datetime.datetime(2024, 1, 31, 12),
        "double": float(_NUMBERS[region]),
        "decimal": decimal.Decimal(_NUMBERS[region]),
    }.get(base, _NUMBERS[region])


def _arrow_type(kind: str) -> pa.DataType:
    base, _, arguments = kind.partition("(")
    if base == "decimal":
        precision, scale = arguments.rstrip(")").split(",")
        return pa.decimal128(int(precision), int(scale))
    return {
        "varchar": pa.string(), "boolean": pa.bool_(), "date": pa.date32(), "timestamp": pa.timestamp("us"),
        "double": pa.float64(), "bigint": pa.int64(), "integer": pa.int32(),
    }[base]  # fmt: skip


def planted_table(table: str, rows: list[Row]) -> pa.Table:
    """The rows as an Arrow table with the types of the contract."""
    return pa.table(
        {
            name: pa.array([row[name] for row in rows], _arrow_type(kind))
            for name, kind in _types(table).items()
        }
    )


@dataclass
class Served:
    """A database that serves one release, its lake, and logins that are made as they are asked for."""

    server: PostgresServer
    database: str
    lake: Lake
    release: Release
    passwords: dict[str, str] = field(default_factory=dict)

    @property
    def ledger(self) -> Ledger:
        """The file ledger of the release's lake."""
        return Ledger(self.lake.ledger_file)

    @property
    def settings(self) -> Settings:
        """Settings of the publisher."""
        return settings_of(self.lake.root, self.url("publisher"))

    def login(self, name: str, role: str, *regions: str) -> str:
        """Make a login of a role that sees regions; return its name, which is this server's alone."""
        login = f"{name}_{self.database}"
        self.passwords[name] = self.server.create_login(login, groups=(f"stockplan_{role}",))
        with self.admin() as connection:
            for region in regions:
                connection.execute(
                    "insert into serving.reader_region (login, region) values (%s, %s)", [login, region]
                )
        return login

    def name_of(self, name: str) -> str:
        """The login's name on the server."""
        return f"{name}_{self.database}"

    def url(self, name: str) -> str:
        """Address of the database for a login."""
        return self.server.url(self.name_of(name), self.passwords[name], self.database)

    def admin(self) -> psycopg.Connection[Any]:
        """A superuser's connection that commits each statement."""
        return self.server.connect(self.database)

    @contextmanager
    def connect(self, name: str) -> Iterator[psycopg.Connection[Any]]:
        """A login's connection that commits each statement."""
        with psycopg.connect(self.url(name), autocommit=True) as connection:
            yield connection


def settings_of(home: Path, url: str) -> Settings:
    """Settings of an installation whose serving database has this address."""
    return Settings(home=home, serving=ServingSettings(url=SecretStr(url), retry_budget_seconds=0))


def serve(server: PostgresServer, database: str, folder: Path, tables: dict[str, pa.Table]) -> Served:
    """Make the schema, publish a release of these tables, and serve it as a publisher's login."""
    with server.connect(database) as connection:
        init(connection)
    lake = Lake(folder)
    candidate = build_candidate(lake, DAY, {}, tables)
    plain = Settings(home=folder)
    outcome = publish(candidate, {}, None, lake, Ledger(lake.ledger_file), plain, actor="test")
    served = Served(server, database, lake, outcome.release)
    served.login("publisher", "publisher")
    publish_release(outcome.release, lake, served.ledger, served.settings)
    return served
