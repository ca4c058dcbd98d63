"""Dagster's home under the lake's root: its folder, its dagster.yaml made of the settings, its storage.

The project's dagster.yaml states what every installation has in common; here stands what the settings
decide. An address of a database is never written: the file names the variable of the environment that
holds it, which is set for this process and those it starts.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml
from psycopg.conninfo import conninfo_to_dict

from optimization.errors import StockplanError
from orchestration.lake.parquet import write_text
from orchestration.postgres.address import resolve
from orchestration.postgres.connection import DatabaseError, connect
from orchestration.settings import PROJECT_ROOT, Settings

if TYPE_CHECKING:
    import dagster as dg

# Not of the settings' own names: whoever is started must not take it for a setting that was told twice.
URL_VARIABLE = "DAGSTER_STORAGE_URL"
_CONNECT_SECONDS = 10


class RunStorageError(StockplanError):
    """The database in which Dagster keeps its runs cannot be used; the message names it without its login."""


def dagster_folder(settings: Settings) -> Path:
    """Return the folder that is Dagster's home."""
    return settings.home.resolve() / "dagster"


def instance_config(settings: Settings) -> dict[str, Any]:
    """Return the content of dagster.yaml under these settings; it holds no secret."""
    text = (PROJECT_ROOT / "dagster.yaml").read_text(encoding="utf-8")
    config: dict[str, Any] = yaml.safe_load(text)
    config["run_monitoring"]["max_runtime_seconds"] = settings.dagster.max_run_seconds
    if settings.dagster.storage == "postgres":
        config["storage"] = {"postgres": {"postgres_url": {"env": URL_VARIABLE}}}
    return config


def prepare_dagster_home(settings: Settings) -> Path:
    """Make Dagster's home ready, point the environment of this process at it, and return it.

    Only the service's user may enter it: whoever could write there could have code run. Raises
    `AddressError` when the storage is PostgreSQL and no address is told.
    """
    folder = dagster_folder(settings)
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)
    if settings.dagster.storage == "postgres":
        os.environ[URL_VARIABLE] = _as_url(resolve(settings.dagster, "dagster").get_secret_value())
    else:
        os.environ.pop(URL_VARIABLE, None)
    wanted = yaml.safe_dump(instance_config(settings), sort_keys=False)
    file = folder / "dagster.yaml"
    # Other processes may be reading it; it changes only when the settings have.
    if not file.is_file() or file.read_text(encoding="utf-8") != wanted:
        write_text(wanted, file)
    os.environ["DAGSTER_HOME"] = str(folder)
    return folder


def open_dagster(settings: Settings) -> dg.DagsterInstance:
    """Return the Dagster instance of the settings: the same history that the UI shows.

    Raises `RunStorageError` when its database does not answer, `AddressError` when none is told.
    """
    import dagster as dg

    folder = prepare_dagster_home(settings)
    if settings.dagster.storage == "postgres":
        check_run_storage(settings)
    return dg.DagsterInstance.from_config(str(folder))


def check_run_storage(settings: Settings) -> None:
    """Reach the database of Dagster's runs once. Raises as `open_dagster`.

    Dagster itself would try for a while, and tell each time.
    """
    try:
        connect(
            settings.dagster,
            "dagster",
            application_name="stockplan-dagster",
            connect_timeout=_CONNECT_SECONDS,
        ).close()
    except DatabaseError as error:
        raise RunStorageError(
            f"Dagster's runs cannot be kept: {error}. Bring the database back, or correct the address that "
            "`dagster` in stockplan.yaml tells"
        ) from None


def _as_url(address: str) -> str:
    """Return an address as SQLAlchemy takes it: libpq knows two more ways to write one.

    The driver is named because Dagster's notifications bind a parameter where PostgreSQL takes none, which
    only psycopg2 does on the client's side; SQLAlchemy would choose the newer driver.
    """
    from sqlalchemy import URL

    parts = {name: str(value) for name, value in conninfo_to_dict(address).items() if value is not None}
    port = parts.pop("port", None)
    return URL.create(
        "postgresql+psycopg2",
        username=parts.pop("user", None),
        password=parts.pop("password", None),
        host=parts.pop("host", None),
        port=int(port) if port else None,
        database=parts.pop("dbname", None),
        query=parts,
    ).render_as_string(hide_password=False)
