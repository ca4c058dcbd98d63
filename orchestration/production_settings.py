"""Settings of an installation on a server: PostgreSQL at both ends, Dagster's storage, alerts, web server.

None of these may change a published number. What each means stands in stockplan.yaml, beside its value.
Secrets come from the environment or from a file that only the service may read, never from stockplan.yaml.
"""

from __future__ import annotations

from datetime import time
from pathlib import Path
from typing import Literal
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Address(_Section):
    """Where a secret address is told: in the environment (`url`), or in a file that holds nothing else."""

    url: SecretStr | None = None
    url_file: Path | None = None

    @property
    def is_set(self) -> bool:
        """Whether either is told."""
        return self.url is not None or self.url_file is not None


class PostgresSourceSettings(Address):
    """How the IMS's PostgreSQL is read."""

    connect_timeout_seconds: int = Field(10, ge=1)
    statement_timeout_seconds: int = Field(900, ge=1)
    deadline_seconds: int = Field(3600, ge=1)
    retry_budget_seconds: int = Field(1800, ge=0)
    batch_rows: int = Field(50_000, ge=1)


class ServingSettings(Address):
    """How releases are published to PostgreSQL; without an address they are not."""

    connect_timeout_seconds: int = Field(10, ge=1)
    lock_timeout_ms: int = Field(200, ge=1)
    deadline_seconds: int = Field(3600, ge=1)
    retry_budget_seconds: int = Field(300, ge=0)
    keep_releases: int = Field(30, ge=1)
    reader_statement_timeout_seconds: int = Field(300, ge=1)


class DagsterSettings(Address):
    """Where Dagster keeps its runs and for how long, and whether it starts them by itself."""

    storage: Literal["sqlite", "postgres"] = "sqlite"
    automatic: bool = False
    daily_cron: str = "0 4 * * *"
    keep_run_days: int = Field(90, ge=1)
    max_run_seconds: int = Field(14_400, ge=60)


class WebSettings(_Section):
    """Where Dagster's web server listens. It has no log-in of its own."""

    host: str = "127.0.0.1"
    allow_remote: bool = False


class AlertSettings(_Section):
    """Who hears of a day that failed, and of one that never came."""

    webhook_url: SecretStr | None = None
    webhook_url_file: Path | None = None
    webhook_timeout_seconds: int = Field(10, ge=1)
    release_due: time = time(6, 0)
    release_age_days: int = Field(1, ge=0)
    timezone: str = "UTC"

    @field_validator("timezone")
    @classmethod
    def _is_a_zone(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (KeyError, ValueError, OSError) as error:
            raise ValueError(f"there is no time zone {name!r}; write it as Europe/Berlin") from error
        return name
