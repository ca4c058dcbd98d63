"""Releases in PostgreSQL, on a real server: what is loaded, what readers see, and what goes again."""

from __future__ import annotations

import math
import os
import signal
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import psycopg
import pyarrow as pa
import pytest

from orchestration.crash_points import CRASH_POINTS, listen
from orchestration.lake.hashing import logical_hash
from orchestration.lake.parquet import read_arrow, write_arrow
from orchestration.postgres.connection import DatabaseError
from orchestration.publish.release import roll_back
from orchestration.publish.serving.catalogue import part_name
from orchestration.publish.serving.checking import check_database
from orchestration.publish.serving.loading import column_types
from orchestration.publish.serving.logins import admit
from orchestration.publish.serving.publishing import publish_release
from orchestration.publish.serving.schema import ServingError, init, schema_files
from orchestration.publish.shelf import release_named
from orchestration.settings import Settings
from tests.servers import PostgresServer
from tests.serving_office import DAY, NEXT_DAY, ServingOffice, open_office
from tests.serving_reader import TableReader


@pytest.fixture
def office(postgres: PostgresServer, tmp_path: Path) -> Iterator[ServingOffice]:
    with open_office(tmp_path / "lake", postgres) as opened:
        yield opened


def tables(mark: float = 1.0, **more: list[object]) -> dict[str, pa.Table]:
    """Two small tables whose every row bears `mark`, with further columns of the second."""
    return {
        "lineage": pa.table({"name": ["a", "b", "c"], "mark": [mark] * 3}),
        "capability": pa.table({"name": ["x", "y"], "mark": [mark] * 2, **more}),
    }


def test_every_kind_of_value_comes_back_as_it_was(office: ServingOffice) -> None:
    floats = [0.1 + 0.2, -0.0, 5e-324, 1.7976931348623157e308, math.inf, -math.inf, math.nan, None]
    count = len(floats)
    texts = [
        "",
        "\\.",
        "x\n\\.\ny",
        '";drop table store.lineage;--',
        "\\N",
        " é \U0001f697 \r\n,",
        "NULL",
        None,
    ]
    table = pa.table(
        {
            "row": pa.array(range(count), pa.int32()),
            "whole": pa.array([2**63 - 1, -(2**63), 0, None, 1, 2, 3, 4], pa.int64()),
            "real": pa.array(floats, pa.float64()),
            "text": pa.array(texts, pa.string()),
            "flag": pa.array([True, False, None] * 2 + [True, None], pa.bool_()),
            "money": pa.array(
                [Decimal("12345678.90"), Decimal("-0.01"), None] + [Decimal(1)] * 5, pa.decimal128(12, 2)
            ),
            "day": pa.array([date(1, 1, 1), date(9999, 12, 31), None] + [DAY] * 5, pa.date32()),
            "moment": pa.array([datetime(2024, 1, 31, 23, 59, 59, 999999), None] * 4, pa.timestamp("us")),
            "instant": pa.array(
                [datetime(2024, 3, 31, 1, 30, tzinfo=UTC), None] * 4, pa.timestamp("us", "UTC")
            ),
        }
    )
    release, _ = office.publish({"lineage": table})
    kept = read_arrow(release.table("lineage"))
    with office.connect() as connection:
        connection.execute("set timezone = 'UTC'")
        cursor = connection.execute("select * from published.lineage order by row")
        assert [column.name for column in cursor.description or ()] == kept.column_names
        found = cursor.fetchall()
    expected = kept.sort_by("row").to_pylist()
    for row, told in zip(found, expected, strict=True):
        for value, wanted in zip(row, told.values(), strict=True):
            same = repr(value) == repr(wanted) if isinstance(wanted, float) else value == wanted
            assert same, (value, wanted)


def test_a_nul_becomes_its_sign_and_is_counted(office: ServingOffice) -> None:
    office.publish({"lineage": pa.table({"name": ["a\0b", "\0\0", "c"], "other": ["x", "y", "z"]})})
    assert sorted(office.rows("select name from published.lineage")) == [("a␀b",), ("c",), ("␀␀",)]
    assert office.rows("select replaced_values from serving.release") == [({"lineage": {"name": 2}},)]


@pytest.mark.parametrize("kind", [pa.list_(pa.string()), pa.uint64(), pa.binary(), pa.time64("us")])
def test_a_kind_of_values_that_is_not_served_is_refused_and_named(kind: pa.DataType) -> None:
    with pytest.raises(ServingError, match=r"lineage\.names holds .*, which is not served"):
        column_types("lineage", pa.schema([pa.field("names", kind)]))


def test_the_same_release_again_changes_nothing(office: ServingOffice) -> None:
    release, outcome = office.publish(tables())
    assert (outcome.state, outcome.rows, outcome.current_id) == ("served", 5, release.release_id)
    state = "select * from serving.pointer cross join serving.release"
    parts = "select oid, relname from pg_class where relnamespace = 'store'::regnamespace order by oid"
    before = office.rows(state), office.rows(parts)
    again = office.serve(release)
    assert (again.state, again.rows) == ("unchanged", 0)
    assert (office.rows(state), office.rows(parts)) == before


def test_a_backfill_is_loaded_and_not_shown(office: ServingOffice) -> None:
    current, _ = office.publish(tables(2.0), NEXT_DAY)
    older, outcome = office.publish(tables(1.0), DAY)
    assert (outcome.state, outcome.rows, outcome.current_id) == ("served", 5, current.release_id)
    assert office.shown() == current.release_id
    assert office.rows("select distinct mark from published.lineage") == [(2.0,)]
    assert office.rows("select release_id from serving.release order by 1") == [
        (older.release_id,),
        (current.release_id,),
    ]


def test_what_was_missed_while_the_server_was_away_comes_with_the_next_release(office: ServingOffice) -> None:
    missed, current = office.release(tables(1.0)).release, office.release(tables(2.0), NEXT_DAY).release
    office.serve(missed)
    assert office.shown() == current.release_id, "readers are led to the files' current release"
    assert len(office.rows("select 1 from serving.release")) == 2


def test_every_view_and_column_says_what_it_means(office: ServingOffice) -> None:
    dictionary = pa.table(
        {
            "layer": ["published"] * 3,
            "table_name": ["lineage"] * 3,
            "column_name": ["release_id", "name", "mark"],
            "data_type": ["varchar", "varchar", "double"],
            "unit": [None, None, "units"],
            "description": ["Its release", 'It\'s called "so"', "How many"],
            "formula": [None, None, "a + b"],
            "owner": ["Logistics", None, None],
            "is_key": [True, True, False],
        }
    )
    office.publish({**tables(), "data_dictionary": dictionary})
    described = "select col_description('published.lineage'::regclass, {})"
    assert office.rows(described.format(3)) == [('It\'s called "so"',)]
    assert office.rows(described.format(4)) == [("How many [units]; a + b",)]
    assert office.rows("select obj_description('published.lineage'::regclass)") == [
        ("lineage of the current release; one row per release_id, name; owned by Logistics",)
    ]
    bare = """
        select attrelid::regclass, attname from pg_attribute where attnum > 0 and attrelid in
        (select oid from pg_class where relnamespace = 'published'::regnamespace)
        and col_description(attrelid, attnum) is null
    """
    assert office.rows(bare) == []


def test_a_table_grows_and_what_it_had_keeps_its_place(office: ServingOffice) -> None:
    first, _ = office.publish(tables(1.0, old=[7, 8]))
    office.publish({**tables(2.0, new=["n", "m"]), "kpi_catalogue": pa.table({"k": [1]})}, NEXT_DAY)
    with office.connect() as connection:
        columns = connection.execute("select * from published.capability").description or ()
    assert [column.name for column in columns] == ["release_id", "as_of", "name", "mark", "old", "new"]
    assert office.rows("select distinct old, mark from published.capability") == [(None, 2.0)]
    assert office.rows("select k from published.kpi_catalogue") == [(1,)]
    roll_back(first.release_id, "wrong", "ann", office.lake, office.settings)
    office.serve()
    assert sorted(office.rows("select old, new, mark from published.capability")) == [
        (7, None, 1.0),
        (8, None, 1.0),
    ]
    assert office.rows("select k from published.kpi_catalogue") == [], "the earlier release has no such table"


def test_a_column_of_another_type_is_refused_and_readers_keep_the_release_before(
    office: ServingOffice,
) -> None:
    first, _ = office.publish(tables(1.0, extra=[1, 2]))
    with pytest.raises(
        ServingError, match=r"capability\.extra was bigint in earlier releases and is text now"
    ):
        office.publish(tables(2.0, extra=["1", "2"]), NEXT_DAY)
    assert office.shown() == first.release_id
    assert office.rows("select distinct mark from published.capability") == [(1.0,)]
    mended, _ = office.publish(tables(3.0, extra=[1, 2]), NEXT_DAY)
    assert office.shown() == mended.release_id


def test_a_table_that_a_reader_holds_is_not_waited_for_for_long(office: ServingOffice) -> None:
    """Growing needs a table for itself: it steps back, so that others are not kept waiting behind it."""
    first, _ = office.publish(tables(1.0))
    patience = timedelta(milliseconds=office.settings.serving.lock_timeout_ms)
    with office.connect() as holder, holder.transaction():
        holder.execute("select * from published.capability").fetchall()
        hasty = office.with_serving(retry_budget_seconds=0)
        current = office.release(tables(2.0, new=[1, 2]), NEXT_DAY).release
        begun = datetime.now(UTC)
        with pytest.raises(DatabaseError, match="lock timeout"):
            publish_release(current, office.lake, office.ledger, hasty)
        assert datetime.now(UTC) - begun < 10 * patience
        assert office.shown() == first.release_id
    assert office.serve().state == "served"
    assert office.shown() == current.release_id


def test_a_reader_in_the_middle_of_its_transaction_keeps_its_release_over_many_publications(
    office: ServingOffice,
) -> None:
    """Also in tables that it has not touched yet: nothing is detached while it may look for it."""
    first, _ = office.publish(tables(0.0))
    with office.connect() as reader:
        reader.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        with reader.transaction():
            assert reader.execute("select release_id from published.release").fetchone() == (
                first.release_id,
            )
            for number in range(1, 5):
                _, outcome = office.publish(tables(float(number)))
            assert "stay attached" in " ".join(outcome.notes)
            for table in tables():
                found = reader.execute(f"select distinct mark from published.{table}").fetchall()
                assert found == [(0.0,)]
    attached = "select count(*) from pg_inherits where inhparent = 'store.lineage'::regclass"
    assert office.rows(attached) == [(5,)]
    office.serve()
    assert office.rows(attached) == [(2,)], "what readers left behind is detached as soon as they have ended"
    assert office.rows("select distinct mark from published.lineage") == [(4.0,)]


def test_a_reader_that_holds_a_table_holds_up_its_detaching_and_is_not_held_up(office: ServingOffice) -> None:
    """One that began after the release was shown: it looks for nothing older, and has a lock all the same."""
    made = [office.publish(tables(float(day)), DAY + timedelta(days=day))[0].release_id for day in range(2)]
    with office.connect() as holder, holder.transaction(), office.connect() as other:
        holder.execute("select * from published.lineage").fetchall()
        other.execute("set statement_timeout = '500ms'")
        with office.connect() as publisher:
            publisher.execute("select set_config('lock_timeout', '50ms', false)")
            publisher.execute("update serving.pointer set moved_from = null")
            with pytest.raises(psycopg.errors.LockNotAvailable):
                publisher.execute("select serving.detach_part('lineage', %s)", [made[0]])
            publisher.execute("select serving.detach_part('capability', %s)", [made[0]])
        assert len(other.execute("select * from published.lineage").fetchall()) == 3
    office.publish(tables(9.0), DAY + timedelta(days=9))
    assert office.rows("select distinct mark from published.lineage") == [(9.0,)]
    attached = "select count(*) from pg_inherits where inhparent = 'store.lineage'::regclass"
    assert office.rows(attached) == [(2,)]


def test_old_releases_go_and_the_one_that_readers_see_never_does(office: ServingOffice) -> None:
    office.settings = office.with_serving(keep_releases=2)
    made = [office.publish(tables(float(day)), DAY + timedelta(days=day))[0].release_id for day in range(4)]
    held = "select release_id from serving.release order by 1"
    assert office.rows(held) == [(made[2],), (made[3],)]
    roll_back(made[0], "all later ones are wrong", "ann", office.lake, office.settings)
    assert office.serve().rows == 5, "a release that is gone from the database is loaded again"
    assert office.shown() == made[0]
    for day in range(-3, 0):
        office.publish(tables(float(day)), DAY + timedelta(days=day))
    assert office.shown() == made[0]
    assert {row[0] for row in office.rows(held)} == {made[0], made[2], made[3]}
    parts = office.rows(
        "select relname from pg_class where relnamespace = 'store'::regnamespace and relkind = 'r'"
    )
    assert len(parts) == 3 * 2, parts


POINTS = tuple(name for name in CRASH_POINTS if name.startswith("serving."))


@pytest.mark.parametrize(
    ("point", "times"), [*((point, 1) for point in POINTS), ("serving.loaded", 2), ("serving.detached", 2)]
)
def test_whatever_dies_readers_see_one_release_and_the_next_call_ends_clean(
    office: ServingOffice, point: str, times: int
) -> None:
    office.settings = office.with_serving(keep_releases=2)
    for day in range(3):
        office.publish(tables(float(day)), DAY + timedelta(days=day))
    before = office.shown()
    current = office.release(tables(9.0, new=[1, 2]), DAY + timedelta(days=9)).release
    left = times

    def die(name: str) -> None:
        nonlocal left
        left -= name == point
        if left == 0:
            raise KeyboardInterrupt

    listen(die)
    try:
        office.serve(current)
    except KeyboardInterrupt:
        assert office.shown() in (before, current.release_id)
    else:
        pytest.fail(f"{point} was not reached {times} times")
    finally:
        listen(None)
    marks = {row[0] for table in tables() for row in office.rows(f"select mark from published.{table}")}
    assert marks == ({2.0} if office.shown() == before else {9.0})
    office.serve(current)
    assert office.serve(current).state == "unchanged"
    assert office.shown() == current.release_id
    with office.connect() as connection:
        assert [one for one in check_database(connection, office.lake) if not one.is_ok] == []
    parts = office.rows(
        "select relname from pg_class where relnamespace = 'store'::regnamespace and relkind = 'r'"
    )
    assert len(parts) == 2 * 2, parts


def test_what_an_interrupted_publication_left_goes_when_its_release_was_given_up(
    office: ServingOffice,
) -> None:
    office.publish(tables(1.0))
    given_up = office.release(tables(2.0), NEXT_DAY).release
    with office.connect() as connection:
        connection.execute("set role stockplan_publisher")
        for release_id in (given_up.release_id, "2020-01-01-1-00000000"):
            connection.execute("select serving.begin_part('lineage', %s)", [release_id])
    outcome = office.serve(given_up)
    assert outcome.rows == 5, "a part that does not say what it holds is loaded again"
    assert any("2020-01-01-1-00000000" in note for note in outcome.notes)
    assert office.rows("select count(*) from published.lineage") == [(3,)]


def test_the_rows_of_a_file_that_was_cut_short_are_not_served(office: ServingOffice) -> None:
    current = office.release(tables()).release
    file = current.table("lineage")
    file.chmod(0o644)
    file.parent.chmod(0o755)
    write_arrow(read_arrow(file).slice(0, 2), file)
    with pytest.raises(ServingError, match="holds 2 rows and its manifest says 3"):
        office.serve(current)
    assert office.rows("select * from published.release") == []


def test_a_server_that_is_away_or_unprepared_is_told_without_the_address(
    office: ServingOffice, postgres: PostgresServer
) -> None:
    current = office.release(tables()).release

    def refused(url: str) -> str:
        settings = Settings(home=office.lake.root, serving={"url": url, "retry_budget_seconds": 0})
        with pytest.raises((DatabaseError, ServingError)) as told:
            publish_release(current, office.lake, office.ledger, settings)
        assert "hush" not in str(told.value)
        return str(told.value)

    empty = postgres.create_database()
    word = postgres.create_login("stranger_hush")
    try:
        assert "cannot be used" in refused("postgresql://someone:hush@127.0.0.1:1/stockplan")
        assert "stockplan db init" in refused(postgres.url(database=empty))
        with postgres.connect() as connection:
            connection.execute(f"grant connect on database {office.database} to stranger_hush")
        assert "is no publisher" in refused(postgres.url("stranger_hush", word, office.database))
        with office.connect() as connection:
            connection.execute(
                "update serving.schema_version set sha256 = 'other' where file_name = '10_store.sql'"
            )
        assert "another version" in refused(postgres.url(database=office.database))
    finally:
        postgres.drop_database(empty)
        with postgres.connect(office.database) as connection:
            connection.execute("drop owned by stranger_hush")
            connection.execute("drop role stranger_hush")


def test_an_administrator_who_is_no_superuser_makes_schema_and_logins_in_each_of_his_databases() -> None:
    with PostgresServer() as server:
        word = server.create_login("administrator")
        with server.connect() as connection:
            connection.execute("alter role administrator createrole")
            for database in ("first", "second"):
                connection.execute(f"create database {database} owner administrator")
        for database in ("first", "second"):
            with psycopg.connect(server.url("administrator", word, database), autocommit=True) as connection:
                assert init(connection) == list(schema_files())
                assert init(connection) == []
                for _ in range(2):
                    admit(
                        connection,
                        f"ria_{database}",
                        ["reader"],
                        ["*"],
                        password=word,
                        statement_timeout_seconds=9,
                    )
            with psycopg.connect(server.url(f"ria_{database}", word, database)) as reader:
                assert reader.execute("select * from published.release").fetchall() == []


def test_a_server_that_hangs_is_cut_off_and_the_next_call_goes_on(office: ServingOffice) -> None:
    first, _ = office.publish(tables(1.0))
    current = office.release(tables(2.0), NEXT_DAY).release
    stopped: list[int] = []

    def hang(point: str) -> None:
        if point == "serving.loading" and not stopped:
            query = "select pid from pg_stat_activity where application_name = 'stockplan serving'"
            stopped.append(int(str(office.rows(query)[0][0])))
            os.kill(stopped[0], signal.SIGSTOP)

    listen(hang)
    try:
        hasty = office.with_serving(deadline_seconds=2, retry_budget_seconds=0)
        with pytest.raises(DatabaseError) as told:
            publish_release(current, office.lake, office.ledger, hasty)
    finally:
        listen(None)
        os.kill(stopped[0], signal.SIGCONT)
    assert told.value.is_passing
    assert office.shown() == first.release_id
    office.serve(current)
    assert office.shown() == current.release_id


@pytest.mark.parametrize(("table", "words"), [("release", "is the current release"), ("t" * 41, "63 bytes")])
def test_a_table_whose_name_has_no_room_is_refused(table: str, words: str) -> None:
    with pytest.raises(ServingError, match=words):
        part_name(table, "2024-01-31-1-01234567")


def test_the_schema_can_be_made_again_over_a_database_in_use(office: ServingOffice) -> None:
    release, _ = office.publish(tables())
    with office.connect() as connection:
        assert init(connection) == []
        connection.execute("drop view published.capability")
        connection.execute(
            "update serving.schema_version set sha256 = 'older' where file_name = '20_published.sql'"
        )
        assert init(connection) == ["20_published.sql"]
    assert office.shown() == release.release_id
    assert len(office.rows("select * from published.capability")) == 2


DAMAGE = {
    "views": "drop view published.lineage",
    "comments": "comment on column published.lineage.mark is null",
    "row security": "alter table store.lineage no force row level security",
    "releases": "update serving.release set tables = jsonb_set(tables, '{lineage,0}', '99')",
    "content": "update serving.release set content_hash = 'ff'",
    "left-overs": 'create table store."lineage__2020-01-01-1-00000000" (like store.lineage)',
    "schema": "delete from serving.schema_version where file_name = '10_store.sql'",
}


@pytest.mark.parametrize("subject", [*DAMAGE, "pointer"])
def test_a_check_finds_each_damage(office: ServingOffice, subject: str) -> None:
    office.publish(tables(1.0))
    with office.connect() as connection:
        assert [one for one in check_database(connection, office.lake) if not one.is_ok] == []
        if subject == "pointer":
            office.release(tables(2.0), NEXT_DAY)
        else:
            connection.execute(DAMAGE[subject].encode())
        wrong = {one.subject: one for one in check_database(connection, office.lake) if not one.is_ok}
    assert subject in wrong
    assert wrong[subject].repair


def test_served_rows_are_those_of_the_files(office: ServingOffice) -> None:
    """The logical hash of what is read back through the views is that of the manifest."""
    rows = 5_000
    table = pa.table(
        {
            "name": [f"n{number % 97}" for number in range(rows)],
            "units": [None if number % 11 == 0 else number / 7 for number in range(rows)],
            "day": [DAY + timedelta(days=number % 400) for number in range(rows)],
        }
    )
    release, _ = office.publish({"lineage": table})
    kept = read_arrow(release.table("lineage"))
    with office.connect() as connection:
        cursor = connection.execute("select * from published.lineage")
        back = pa.Table.from_pylist(
            [dict(zip(kept.column_names, row, strict=True)) for row in cursor.fetchall()], schema=kept.schema
        )
    assert logical_hash(back, ["release_id"]) == release.manifest["tables"]["lineage"]["logical_hash"]
    assert release_named(office.lake, None).release_id == office.shown()


def test_a_reader_of_all_tables_finds_one_release_in_them_and_hardly_waits(
    office: ServingOffice, tmp_path: Path
) -> None:
    """Beside publications of which every third also grows a table, which needs it for a moment."""
    publications, names = 9, ("capability", "lineage", "rule_check")
    office.publish({name: pa.table({"mark": [0.0]}) for name in names})
    with TableReader(
        tmp_path / "reader", office.server.url(database=office.database), "published", names
    ) as reader:
        for number in range(1, publications + 1):
            grown = {f"extra_{number}": [1]} if number % 3 == 0 else {}
            office.publish({name: pa.table({"mark": [float(number)], **grown}) for name in names})
    found = {mark for read in reader.reads for mark in read.marks}
    slowest = max(read.slowest for read in reader.reads)
    print(f"{len(reader.reads)} reads of {len(found)} releases; slowest statement {slowest * 1000:.0f} ms")
    assert [read for read in reader.reads if read.is_mixed] == []
    assert len(reader.reads) > publications
    assert len(found) > publications / 2
