"""Ways to learn of a foreign region's rows without being shown them; each is tried and tells nothing.

A reader of EAST tries every channel on a server that holds hundreds of rows of WEST. What a channel gives
back is everything that reaches the client: rows, notices, notifications, error messages, plans. The size of a
table as a whole is no secret, and stands in docs/access.md as what is not hidden.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest

from orchestration.publish.serving.catalogue import part_name
from tests.served import Row, Served, planted_rows, planted_table, serve
from tests.servers import PostgresServer

Connection = psycopg.Connection[Any]
Channel = Callable[[Connection, str], object]
# Stands in every foreign row; in none that the reader may see.
CANARY = "WEST"
N_OWN, N_FOREIGN = 300, 717


@pytest.fixture(scope="module")
def served(
    postgres: PostgresServer, module_database: str, tmp_path_factory: pytest.TempPathFactory
) -> Served:
    """Positions of two regions, and a leaky function and operator that an administrator has made."""
    own, foreign = (planted_rows("policy")[number][1] for number in (0, 1))
    rows: list[Row] = [
        *({**own, "item_id": f"item-{number}", "order_up_to_units": 5.0} for number in range(N_OWN)),
        *(
            {**foreign, "item_id": f"WEST-{number}", "order_up_to_units": 424_242.0}
            for number in range(N_FOREIGN)
        ),
    ]
    tables = {
        name: planted_table(name, [row for _, row in planted_rows(name)]) for name in ("location", "kpi")
    }
    served = serve(
        postgres,
        module_database,
        tmp_path_factory.mktemp("served"),
        {**tables, "policy": planted_table("policy", rows)},
    )
    served.login("reader", "reader", "EAST")
    with served.admin() as connection:
        connection.execute(
            """
            create schema probe;
            grant usage on schema probe to public;
            create function probe.leak(value text) returns boolean language plpgsql cost 0.0000001
            as $$ begin raise notice 'saw %', value; return true; end $$;
            create function probe.leaks(one text, other text) returns boolean language plpgsql cost 0.0000001
            as $$ begin raise notice 'saw %', one; return true; end $$;
            create operator probe.<~> (leftarg = text, rightarg = text, function = probe.leaks);
            """
        )
    return served


def _rows(query: str) -> Channel:
    return lambda connection, part: connection.execute(query.replace("PART", part).encode()).fetchall()


def _copied(query: str) -> Channel:
    def read(connection: Connection, part: str) -> object:
        with connection.cursor().copy(query.replace("PART", part).encode()) as copy:
            return [bytes(block) for block in copy]

    return read


def _listened(connection: Connection, part: str) -> object:
    connection.execute("listen serving; listen release; listen policy; notify policy, 'mine'")
    return [one.payload for one in connection.notifies(timeout=0.2, stop_after=5)]


def _prepared(connection: Connection, part: str) -> object:
    connection.execute("prepare ask (text) as select * from published.policy where location_id = $1")
    return connection.execute("execute ask ('L-WEST')").fetchall()


def _cursor(connection: Connection, part: str) -> object:
    connection.execute("declare reading scroll cursor with hold for select * from published.policy")
    return connection.execute("fetch all reading; move first reading; fetch all reading").fetchall()


CHANNELS: dict[str, Channel] = {
    "view": _rows("select * from published.policy where location_id = 'L-WEST'"),
    "whole view": _rows("select * from published.policy"),
    "prepared statement": _prepared,
    "copy of a query": _copied("copy (select * from published.policy) to stdout"),
    "copy of the table": _copied("copy store.policy to stdout"),
    "join": _rows(
        "select * from published.location as l full join published.policy as p on p.location_id <> l.region"
    ),
    "lateral": _rows(
        "select * from published.location, lateral (select * from published.policy "
        "where policy.region <> location.region or true) as p"
    ),
    "recursion": _rows(
        "with recursive r as (select item_id, 1 as n from published.policy union all "
        "select item_id, n + 1 from r where n < 2) select * from r"
    ),
    "aggregate": _rows(
        "select region, count(*), max(order_up_to_units) from published.policy group by region"
    ),
    "window": _rows("select first_value(item_id) over (order by item_id desc) from published.policy"),
    "set operation": _rows("table published.policy except select * from published.policy where false"),
    "row as json": _rows("select to_jsonb(policy) from published.policy as policy"),
    "leaky function": _rows("select 1 from published.policy where probe.leak(item_id)"),
    "leaky operator": _rows("select 1 from published.policy where item_id operator(probe.<~>) 'x'"),
    "leaky function on the part": _rows("select 1 from store.\"PART\" where probe.leak(item_id)"),
    "error of a division": _rows(
        "select 1 from published.policy where 1 / (order_up_to_units - 424242.0) = 1"
    ),
    "error of a cast": _rows("select 1 from published.policy where substr(item_id, 6)::integer >= 0"),
    "error of a block": _rows(
        "do $$ declare r record; begin for r in select * from published.policy where probe.leak(item_id) "
        "loop if r.region <> 'EAST' then raise exception 'saw %', r; end if; end loop; end $$; select 1"
    ),
    "cursor": _cursor,
    "partition": _rows("select * from store.\"PART\""),
    "parent table": _rows("select * from store.policy"),
    "rows by place in the file": _rows("select ctid, * from store.\"PART\" where ctid = '(0,1)'"),
    "lock of rows": _rows("select * from published.policy for update"),
    "statistics": _rows("select * from pg_stats"),
    "statistics' table": _rows("select * from pg_statistic"),
    "extended statistics": _rows("select * from pg_stats_ext, pg_statistic_ext_data"),
    "activity": _rows("select * from pg_stat_activity"),
    "catalogue of columns": _rows("select * from information_schema.columns where table_schema = 'store'"),
    "comments": _rows("select description from pg_description where objoid = 'store.\"PART\"'::regclass"),
    "policies": _rows("select * from pg_policies"),
    "temporary view": _rows("create temporary view v as select * from store.policy; select * from v"),
    "temporary table": _rows("create temporary table t as select * from published.policy; select * from t"),
    "set role owner": _rows("set role stockplan_owner; select * from store.policy"),
    "set role publisher": _rows("set role stockplan_publisher; select * from published.policy"),
    "set role reader": _rows("set role stockplan_reader; select * from published.policy"),
    "session authorization": _rows("set session authorization postgres; select * from store.policy"),
    "row security off": _rows("set row_security = off; select * from published.policy"),
    "setting": _rows("set serving.regions = 'WEST'; select * from published.policy"),
    "search path": _rows("set search_path = store, published; select * from policy"),
    "keys by function": _rows("select serving.my_keys('location', 'location_id')"),
    "table by function": _rows("select table_to_xml('store.policy', true, false, '')"),
    "query by function": _rows("select query_to_xml('select * from published.policy', true, false, '')"),
    "files": _rows("select pg_read_file('base/1/PG_VERSION')"),
    "large objects": _rows("select lo_import('/etc/passwd')"),
    "notifications": _listened,
    "scopes of a figure": _rows("select * from published.kpi where scope_id in ('L-WEST', 'WEST')"),
}  # fmt: skip


@pytest.fixture
def reader(served: Served) -> Iterator[tuple[Connection, list[str]]]:
    """The reader's connection, and the notices that reach it."""
    heard: list[str] = []
    with served.connect("reader") as connection:
        connection.add_notice_handler(lambda notice: heard.append(str(notice.message_primary)))
        yield connection, heard


@pytest.mark.parametrize("name", CHANNELS)
def test_no_channel_tells_a_foreign_row(served: Served, reader: tuple[Connection, list[str]], name: str):
    connection, heard = reader
    part = part_name("policy", served.release.release_id)
    try:
        given = CHANNELS[name](connection, part)
    except psycopg.Error as error:
        given = [str(error), error.diag.message_detail, error.diag.context]
    # What was asked is no news; an error repeats the line of the statement that it stands in.
    told = repr([given, heard]).replace("L-WEST'", "").replace("'WEST'", "")
    assert CANARY not in told
    assert "424242" not in told
    # The whole table's size is known; that of its parts is not.
    assert not re.search(rf"\b{N_FOREIGN}\b", told)


def test_the_channels_are_open_to_whom_they_lead(served: Served):
    """Each is no dead end by itself: a superuser's view of the same leaks what the reader must not see."""
    with served.admin() as connection:
        heard: list[str] = []
        connection.add_notice_handler(lambda notice: heard.append(str(notice.message_primary)))
        for name in ("leaky function", "leaky operator"):
            CHANNELS[name](connection, "")
            assert sum(CANARY in one for one in heard) == N_FOREIGN, name
            heard.clear()
        with pytest.raises(psycopg.errors.DivisionByZero):
            CHANNELS["error of a division"](connection, "")
        assert len(CHANNELS["view"](connection, "")) == N_FOREIGN  # type: ignore[arg-type]


CONDITIONS = (
    ("location_id = 'L-WEST'", "location_id = 'L-NONE'"),
    ("item_id = 'WEST-7'", "item_id = 'NONE-7'"),
    ("item_id like 'WEST%'", "item_id like 'NONE%'"),
    ("order_up_to_units > 400000", "order_up_to_units > 900000"),
    ("order_up_to_units = 424242", "order_up_to_units = 424243"),
    ("region in ('WEST')", "region in ('NONE')"),
)


@pytest.mark.parametrize("options", ["", "(analyze, timing off, summary off, buffers off)"])
def test_no_plan_tells_how_many_foreign_rows_meet_a_condition(
    served: Served, reader: tuple[Connection, list[str]], options: str
):
    connection, _ = reader
    for foreign, nobodys in CONDITIONS:
        plans = [
            [
                row[0].replace(condition.split(" ")[-1].strip("()'%"), "?").replace(f"{value}", "?")
                for row in connection.execute(
                    f"explain {options} select * from published.policy where {condition}".encode()
                )
            ]
            for condition, value in ((foreign, "WEST"), (nobodys, "NONE"))
        ]
        assert plans[0] == plans[1], foreign
