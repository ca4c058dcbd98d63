"""`stockplan init --postgres`: a mapping drafted from the tables that our login may read."""

from __future__ import annotations

from dataclasses import replace

from psycopg import sql

from optimization.contracts.column import Kind
from orchestration.ims.connector import SourceError, SourceSettingsError
from orchestration.ims.drafting import CHECK_IT, SAMPLE_ROWS, Draft, Sample, draft, yaml_scalar
from orchestration.ims.postgres.catalogue import SourceColumn, read_columns
from orchestration.ims.postgres.failures import source_error
from orchestration.ims.postgres.mapping import DatabaseMapping
from orchestration.ims.postgres.reading import read_text, table_query
from orchestration.postgres.address import AddressError
from orchestration.postgres.connection import DatabaseError, connect, told
from orchestration.production_settings import PostgresSourceSettings

# Beyond this the names of tables alone would take minutes to compare.
_MOST_TABLES = 200
_TABLES = """
    select relation.relname
    from pg_catalog.pg_class as relation
    join pg_catalog.pg_namespace as space on space.oid = relation.relnamespace
    where relation.relkind in ('r', 'p', 'v', 'm', 'f') and not relation.relispartition
      and space.nspname = %s and pg_catalog.has_table_privilege(relation.oid, 'select')
    order by 1
"""


def draft_database_mapping(settings: PostgresSourceSettings, schema: str) -> Draft:
    """Draft the mapping of one schema of the source from the first rows of each of its tables.

    Raises `SourceError` when the source cannot be read, `SourceSettingsError` when it has no table there
    for our login.
    """
    try:
        samples = _samples(settings, schema)
    except AddressError as error:
        raise SourceSettingsError(str(error)) from None
    except DatabaseError as error:
        raise source_error(error, 0) from None
    if not samples:
        raise SourceSettingsError(
            f"the source has no table in schema {schema!r} that this login may read; name another with "
            "--schema, or grant usage on it and select on its tables"
        )
    drafted = draft(samples, lambda _: _head(schema), DatabaseMapping)
    dates = "business_dates: the table or view with one row per date that is complete"
    return replace(drafted, missing=(dates, *drafted.missing))


def _samples(settings: PostgresSourceSettings, schema: str) -> list[Sample]:
    with (
        connect(
            settings,
            "source.postgres",
            application_name="stockplan init",
            connect_timeout=settings.connect_timeout_seconds,
            statement_timeout=settings.statement_timeout_seconds,
            read_only=True,
        ) as connection,
        told("the source cannot be read"),
    ):
        names = [name for (name,) in connection.execute(_TABLES, (schema,))]
        if len(names) > _MOST_TABLES:
            raise SourceError(
                f"schema {schema!r} holds {len(names)} tables, more than {_MOST_TABLES}: make a schema with "
                "views of those that matter, and name it with --schema"
            )
        samples = []
        for (_, name), columns in read_columns(connection, [(schema, name) for name in names]).items():
            cells: dict[str, tuple[SourceColumn, Kind]]
            cells = {column: (there, "text") for column, there in columns.items()}
            query, values = table_query((schema, name), cells, None, "UTC")
            query = sql.SQL("{} limit {}").format(query, sql.Literal(SAMPLE_ROWS))
            rows = read_text(connection, (query, values), tuple(cells), settings.batch_rows)
            samples.append(Sample("table", name, {"table": name}, rows))
    return samples


def _head(schema: str) -> list[str]:
    return [
        f"# Column mapping drafted from the tables of schema {schema}. Ours: theirs.",
        *CHECK_IT,
        f"schema: {yaml_scalar(schema)}",
        "business_dates:  # MISSING: the table or view with one row per date that is complete",
        "  table: business_date",
        "  column: business_date",
        "keeps_history: false  # CHECK: true where past dates can still be read as they were",
        "late_days: 3  # CHECK: so long after its loaded_at a row may still become visible",
        "# A state table that keeps its days has an entry as_of_column; loaded_at of an event table is its",
        "# watermark. docs/postgres_source.md tells more.",
    ]
