"""Which connector the settings name: the one place that knows them all.

Connectors are imported when they are asked for, so that a source nobody uses costs nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from orchestration.ims.connector import Connector, SourceSettingsError

if TYPE_CHECKING:
    from orchestration.settings import Settings

CONNECTORS = ("demo", "files", "generator", "postgres")


def open_connector(settings: Settings, *, is_patient: bool = True) -> Connector:
    """Return the connector that `settings.source` describes.

    One that is not patient asks a source that is down only once, where a run would wait for it.

    Raises `SourceSettingsError` when a path it needs is not set, or the name is unknown.
    """
    source = settings.source
    if source.connector == "demo":
        from orchestration.ims.demo import DemoConnector

        return DemoConnector(source.demo_intervals, source.demo_seed)
    if source.connector == "generator":
        if source.generated is None:
            raise SourceSettingsError(
                "source.generated is not set; name the folder that `stockplan generate` wrote, in "
                "stockplan.yaml or as STOCKPLAN_SOURCE__GENERATED"
            )
        from orchestration.ims.generator import GeneratedConnector

        return GeneratedConnector(source.generated)
    if source.connector == "files":
        if source.inbox is None:
            raise SourceSettingsError(
                "source.inbox is not set; name the folder with one sub-folder per business date, in "
                "stockplan.yaml or as STOCKPLAN_SOURCE__INBOX"
            )
        from orchestration.ims.files import FilesConnector
        from orchestration.ims.inbox import InboxLimits

        sealing = settings.sealing
        limits = InboxLimits(sealing.max_file_mb * 2**20, sealing.max_table_rows, sealing.max_table_columns)
        return FilesConnector(source.inbox, source.mapping, limits)
    if source.connector == "postgres":
        from orchestration.ims.postgres import PostgresConnector

        return PostgresConnector(source.postgres, source.mapping, is_patient=is_patient)
    raise SourceSettingsError(
        f"there is no connector {source.connector!r}; there are {', '.join(CONNECTORS)}. A new one is "
        "a module that satisfies orchestration.ims.connector.Connector and a line here"
    )
