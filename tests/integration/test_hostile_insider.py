"""People who have a login and know PostgreSQL: what each tries beyond reading is refused and changes nothing.

The publisher's own hands are among them: he may bring releases, and neither edit one nor run a statement in
anybody else's name.
"""

from __future__ import annotations

from typing import Any

import psycopg
import pyarrow as pa
import pytest

from orchestration.publish.serving.checking import check_database
from orchestration.publish.serving.checking_roles import check_roles
from tests.served import Served, planted_rows, planted_table, serve
from tests.servers import PostgresServer
from tests.serving_office import open_office

PEOPLE = ("reader", "planner", "manager", "auditor", "publisher")
TABLES = ("location", "policy", "kpi")


@pytest.fixture(scope="module")
def served(
    postgres: PostgresServer, module_database: str, tmp_path_factory: pytest.TempPathFactory
) -> Served:
    tables = {name: planted_table(name, [row for _, row in planted_rows(name)]) for name in TABLES}
    served = serve(postgres, module_database, tmp_path_factory.mktemp("served"), tables)
    for role in ("reader", "planner", "manager"):
        served.login(role, role, "EAST")
    served.login("auditor", "auditor")
    return served


def _state(served: Served) -> list[Any]:
    """Everything that nobody may change: rows, pointer, lines, what there is and who may do what with it."""
    with served.admin() as connection:
        return [
            connection.execute(query.encode()).fetchall()
            for query in (
                *(f"select * from published.{table} order by 1, 2, 3, 4" for table in TABLES),
                "select * from serving.pointer",
                "select release_id, content_hash from serving.release",
                "select * from serving.reader_region order by 1, 2",
                "select line from audit.event order by seq",
                "select * from decide.request",
                "select * from decide.decision",
                "select oid, relname, relowner, relacl, relkind from pg_class where relnamespace in "
                "('store'::regnamespace, 'published'::regnamespace, 'serving'::regnamespace) order by oid",
                "select oid, proname, proacl from pg_proc where pronamespace <> 'pg_catalog'::regnamespace "
                "order by oid",
                "select polrelid, polname from pg_policy order by 1, 2",
                "select rolname, rolsuper from pg_roles where rolname !~ 'test_' order by 1",
            )
        ]


# `PART` is the part of the current release, RELEASE its id.
ATTEMPTS = {
    # code that would run in the name of whoever reads
    "policy": "create policy mine on store.policy as restrictive using (pg_sleep(0) is not null)",
    "policy of the part": 'create policy mine on store."PART" using (true)',
    "function": "create function store.mine() returns int language sql as 'select 1'",
    "operator": "create operator store.= (leftarg = text, rightarg = text, function = texteq)",
    "type": "create type store.mine as (a int)",
    "domain": "create domain store.mine as text check (pg_sleep(0) is not null)",
    "cast": "create cast (text as int) with inout as implicit",
    "index": 'create index mine on store."PART" (region) where length(region) > 0',
    "constraint": 'alter table store."PART" add check (length(region) > 0) not valid',
    "default": "alter table store.policy alter region set default current_user",
    "trigger": 'create trigger mine after insert on store."PART" execute function refuse_change()',
    "rule": "create rule mine as on select to store.policy do instead select 1",
    "view": "create or replace view published.policy as select 1 as one",
    "shadow": "create temporary table policy (a int)",
    "inheritance": 'create table public.mine () inherits (store."PART")',
    "server": "create foreign data wrapper mine",
    "language": "create language mine handler plpgsql_call_handler",
    "event trigger": "create event trigger mine on ddl_command_start execute function refuse_change()",
    # rows, the pointer, the lines
    "update": 'update store."PART" set region = region',
    "insert": 'insert into store."PART" select * from published.policy',
    "delete": 'delete from store."PART"',
    "truncate": "truncate store.policy",
    "drop": "drop table store.policy cascade",
    "drop a part": 'drop table store."PART"',
    "detach": 'alter table store.policy detach partition store."PART"',
    "detach by function": "select serving.detach_part('policy', 'RELEASE')",
    "drop by function": "select serving.drop_part('policy', 'RELEASE')",
    "ended again": "select serving.end_part('policy', 'RELEASE', 'other')",
    "attached again": "select serving.attach_part('policy', 'RELEASE')",
    "begun again": "select serving.begin_part('policy', 'RELEASE')",
    "a long name": "select serving.begin_part('policy', 'RELEASE-and-more-than-all-63-bytes-of-a-name')",
    "column with code": "select serving.grow_table('policy', '{more}', '{text default current_user}')",
    "column of a type": "select serving.grow_table('policy', '{more}', '{regclass}')",
    "table as the release": "select serving.grow_table('release', '{release_id}', '{text}')",
    "table by a name": """select serving.grow_table('x" (a int); drop table store.kpi;', '{a}', '{text}')""",
    "no pointer": "delete from serving.pointer",
    "lines": "delete from audit.event",
    "a forged line": """select audit.append('[{"seq": 99, "line": "{}", "hash": "x", "prev_hash": "y"}]')""",
    "lines by an edit": "alter table audit.event disable trigger all",
    # rights and roles
    "drop owned, readers": "drop owned by stockplan_reader cascade",
    "drop owned, planners": "drop owned by stockplan_planner cascade",
    "drop owned, managers": "drop owned by stockplan_manager cascade",
    "drop owned, auditors": "drop owned by stockplan_auditor cascade",
    "drop owned, publisher": "drop owned by stockplan_publisher cascade",
    "reassign": "reassign owned by stockplan_owner to current_user",
    "owner": "set role stockplan_owner",
    "keeper": "set role stockplan_keeper",
    "superuser": "alter role current_user superuser",
    "past the policies": "alter role current_user bypassrls",
    "another's setting": "alter role stockplan_reader set search_path = store",
    "everybody's setting": "alter role all set search_path = store",
    "server's setting": "alter role current_user set session_preload_libraries = 'mine'",
    "regions": "insert into serving.reader_region values (current_user, '*')",
    "default rights": "alter default privileges for role stockplan_owner grant all on tables to public",
    # the server
    "program": "copy (select 1) to program 'id'",
    "file": "select pg_read_file('PG_VERSION')",
    "folder": "select pg_ls_dir('.')",
    "large object": "select lo_import('/etc/passwd')",
    "large object from bytes": "select lo_from_bytea(0, 'x')",
    "library": "load 'mine'",
    "others' sessions": "select pg_terminate_backend(pid) from pg_stat_activity where usename = 'postgres'",
    # what keeps a publication waiting
    "any lock": "select pg_try_advisory_lock(1)",
    "all locks": "select pg_advisory_xact_lock(n) from generate_series(1, 1000000) as n",
    "lock of a table": "lock table published.policy in access exclusive mode",
    "lock of the pointer": "lock table serving.region_rule in exclusive mode",
    "log": "select pg_logical_emit_message(false, 'x', repeat('x', 1000000))",
}  # fmt: skip


@pytest.mark.parametrize("who", PEOPLE)
def test_nothing_that_an_insider_tries_changes_anything(served: Served, who: str):
    before = _state(served)
    got_through = []
    with served.connect(who) as connection:
        for name, attempt in ATTEMPTS.items():
            statement = attempt.replace("PART", f"policy__{served.release.release_id}")
            statement = statement.replace("RELEASE", served.release.release_id)
            try:
                with connection.transaction():
                    connection.execute(statement.encode())
            except psycopg.Error as refusal:
                assert refusal.sqlstate not in ("42601", None), f"{name}: {refusal}"
                continue
            got_through.append(name)
    assert got_through == []
    assert _state(served) == before
    with served.admin() as admin:
        assert [one.found for one in check_roles(admin) if not one.is_ok] == []


def test_no_plan_tells_what_is_asked_for_in_other_regions(served: Served):
    with served.admin() as admin:
        admin.execute("set session_replication_role = replica")
        admin.execute(
            "insert into decide.request (asked_at, requested_by, kind, item_id, location_id, region, "
            "release_id, new_reorder_point_units, new_order_up_to_units, reason, decide_until, content_hash) "
            "select now(), 'wim', 'proposed', 'WEST-' || n % 3, 'L-WEST', 'WEST', 'R', 1, 2, 'x', "
            "now() + interval '5 days', 'h' from generate_series(1, 500) as n"
        )
        admin.execute("analyze decide.request")
    with served.connect("planner") as connection:
        assert connection.execute("select * from decide.waiting").fetchall() == []
        for view, condition in (
            ("waiting", "item_id = '{}-1'"),
            ("waiting", "requested_by = '{}'"),
            ("answer", "by_login = '{}'"),
            ("answer", "subject like '{}%'"),
        ):
            plans = []
            for word in ("WEST", "wim", "NONE"):
                query = f"select * from decide.{view} where {condition.format(word)}"
                plan = connection.execute(f"explain (analyze, timing off, summary off) {query}".encode())
                plans.append([row[0].replace(word, "?") for row in plan])
            assert plans[0] == plans[1] == plans[2], (view, condition)


def test_a_transaction_that_somebody_prepared_stops_no_publication_and_is_told(tmp_path: Any):
    def tables(mark: float) -> dict[str, pa.Table]:
        return {"lineage": pa.table({"name": ["a", "b"], "mark": [mark] * 2})}

    with (
        PostgresServer(settings={"max_prepared_transactions": "5"}) as server,
        open_office(tmp_path / "lake", server) as office,
    ):
        office.publish(tables(0.0))
        word = server.create_login("ria", groups=("stockplan_reader",))
        with psycopg.connect(server.url("ria", word, office.database), autocommit=True) as reader:
            reader.execute("begin; select * from published.lineage; prepare transaction 'for ever'")
        for number in range(1, 4):
            release, _ = office.publish(tables(float(number)))
            assert office.shown() == release.release_id
        assert office.rows("select distinct mark from published.lineage") == [(3.0,)]
        with office.connect() as connection:
            wrong = {one.subject: one for one in check_database(connection, office.lake) if not one.is_ok}
            assert "for ever of ria" in wrong["prepared transactions"].found
            connection.execute("rollback prepared 'for ever'")
        office.serve()
        attached = "select count(*) from pg_inherits where inhparent = 'store.lineage'::regclass"
        assert office.rows(attached) == [(2,)]
