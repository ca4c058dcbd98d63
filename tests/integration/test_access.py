"""Who may do what in the serving database: every cell tried on a real server, every table read by region.

What must hold is stated here and nowhere derived from the grants: the matrix as a table, the tables by the
place that their rows belong to.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

import psycopg
import pytest
from psycopg import sql

from orchestration.publish.serving.catalogue import part_name
from orchestration.publish.serving.checking_roles import check_roles
from tests.served import Served, planted_rows, planted_table, published_names, serve
from tests.servers import PostgresServer

VERBS = ("select", "insert", "update", "delete", "truncate")
ROLES = ("reader", "planner", "manager", "auditor", "publisher")

# Which verbs a role may use on an object: s(elect), i(nsert), u(pdate), d(elete), t(runcate).
# What is not named is refused.
MATRIX = {
    # object                      reader planner manager auditor publisher
    "published.policy":          ("s",   "s",    "s",    "s",    "s"),
    "published.location":        ("s",   "s",    "s",    "s",    "s"),
    "published.kpi":             ("s",   "s",    "s",    "s",    "s"),
    "published.transfer_order":  ("s",   "s",    "s",    "s",    "s"),
    "published.data_dictionary": ("s",   "s",    "s",    "s",    "s"),
    "published.release":         ("s",   "s",    "s",    "s",    "s"),
    "store.policy":              ("",    "",     "",     "",     ""),
    "store.policy part":         ("",    "",     "",     "",     ""),
    "serving.release":           ("",    "",     "",     "s",    "siud"),
    "serving.pointer":           ("",    "",     "",     "s",    "siu"),
    "serving.schema_version":    ("",    "",     "",     "s",    "s"),
    "serving.reader_region":     ("",    "",     "",     "s",    "s"),
    "serving.region_rule":       ("",    "",     "",     "s",    "s"),
    "audit.event":               ("",    "",     "",     "s",    "s"),
    "decide.rules":              ("",    "",     "",     "s",    "s"),
    "decide.request":            ("",    "",     "",     "s",    "s"),
    "decide.decision":           ("",    "",     "",     "s",    "s"),
    "decide.outcome":            ("",    "",     "",     "s",    "s"),
    "decide.waiting":            ("",    "s",    "s",    "",     ""),
    "decide.answer":             ("",    "s",    "s",    "",     ""),
}  # fmt: skip

# Who may call a function by its name.
CALLS = {
    "decide.propose('i', 'l', 1, 2, 'r')": {"planner"},
    "decide.override('i', 'l', 1, 2, 'r', 'o', current_date)": {"planner"},
    "decide.withdraw('s', 'h')": {"planner"},
    "decide.approve('s', 'h')": {"manager"},
    "decide.reject('s', 'h')": {"manager"},
    "decide.record_outcome(gen_random_uuid(), 'refused', '', null, null)": {"publisher"},
    "decide.set_rules(7, 180)": {"publisher"},
    "audit.append('[]')": {"publisher"},
    "audit.hold_end()": {"publisher"},
    "serving.protect('policy')": set(),
    "serving.show_table('policy')": set(),
    "serving.grow_table('policy', '{more}', '{text}')": {"publisher"},
    "serving.begin_part('policy', 'R')": {"publisher"},
    "serving.end_part('policy', 'R', '')": {"publisher"},
    "serving.attach_part('policy', 'R')": {"publisher"},
    "serving.detach_part('policy', 'R')": {"publisher"},
    "serving.drop_part('policy', 'R')": {"publisher"},
    "serving.part_name('policy', 'R')": set(),
    "serving.describe_table('policy', '', '{}')": {"publisher"},
    "serving.region_condition('policy')": {"publisher"},
    "serving.protection_fault('policy')": {"publisher"},
    "serving.my_keys('location', 'location_id')": {"auditor", "publisher"},
    "serving.my_regions()": {"auditor", "publisher"},
    "serving.sees_all()": {"auditor", "publisher"},
    "lo_create(0)": set(),
    "pg_read_file('postgresql.conf')": set(),
    "pg_advisory_lock(1)": {"publisher"},
    "pg_try_advisory_lock(1)": set(),
    "pg_advisory_xact_lock(1)": set(),
    "pg_advisory_lock_shared(1, 2)": set(),
    "pg_logical_emit_message(false, '', '')": set(),
}

# What a role may make, and where.
MAKES = {
    "create table public.mine (a int)": set(),
    "create view published.mine as select 1 as a": set(),
    "create table store.mine (a int)": set(),
    "create function store.mine() returns int language sql as 'select 1'": set(),
    "create table serving.mine (a int)": set(),
    "create table audit.mine (a int)": set(),
    "create table decide.mine (a int)": set(),
    "create schema mine": set(),
    "create temporary table mine (a int)": set(),
    "create temporary view mine as select 1 as a": set(),
    "create role mine": set(),
    "set role stockplan_owner": set(),
    "set role stockplan_keeper": set(),
    "set session authorization postgres": set(),
    "alter table store.policy disable row level security": set(),
    "create policy mine on store.policy using (true)": set(),
    "create index mine on store.policy (item_id)": set(),
    "create operator published.<~> (leftarg = text, rightarg = text, function = texteq)": set(),
    "alter default privileges for role stockplan_owner grant select on tables to public": set(),
    "alter role stockplan_reader set row_security = off": set(),
    "create event trigger mine on ddl_command_start execute function decide.refuse_change()": set(),
    "alter table audit.event disable trigger all": set(),
    "alter table decide.decision drop constraint nobody_approves_his_own": set(),
    "alter view published.policy set (security_barrier = false)": set(),
    "grant stockplan_auditor to current_user": set(),
    "copy published.policy to '/tmp/policy'": set(),
    "copy (select * from published.policy) to program 'cat'": set(),
}

CATALOGUES = {"capability", "data_dictionary", "kpi_catalogue", "lineage", "review_calendar", "rule_check"}
COMPANY = {
    "check_result", "demand_model", "demand_plan_approval", "match_weight", "method_choice", "network_row",
    "order_tracking", "policy_run", "quarantine", "rebalance_run", "recommended_action", "risk_register",
    "scorecard_area", "scorecard_check", "scorecard_trend", "service_control", "slot_load", "solver_run",
    "stage_duration",
}  # fmt: skip
# Rows that belong to two places and are told to either; the others of two places need both.
TOLD_TO_BOTH_ENDS = {"explanation", "transfer_order", "transfer_unit"}
# A second place is named, and the first alone decides.
OWNED_BY_FIRST = {"delivery_promise", "stock_unit_review"}
SCOPED = {
    "fairness", "forecast_accuracy", "forecast_value_added", "kpi", "network_baseline", "plan_vs_actual",
    "policy_backtest", "scenario_frontier", "segment_performance",
}  # fmt: skip


@pytest.fixture(scope="module")
def served(
    postgres: PostgresServer, module_database: str, tmp_path_factory: pytest.TempPathFactory
) -> Served:
    """Every published table served, and a login of every role."""
    tables = {name: planted_table(name, [row for _, row in planted_rows(name)]) for name in published_names()}
    served = serve(postgres, module_database, tmp_path_factory.mktemp("served"), tables)
    served.login("reader", "reader", "EAST")
    served.login("planner", "planner", "EAST")
    served.login("manager", "manager", "EAST")
    served.login("auditor", "auditor")
    served.login("both", "reader", "EAST", "WEST")
    served.login("all", "reader", "*")
    served.login("none", "reader")
    served.login("west", "reader", "WEST")
    return served


def _object(served: Served, name: str) -> sql.Composable:
    schema, _, relation = name.partition(".")
    if relation.endswith(" part"):
        relation = part_name(relation.removesuffix(" part"), served.release.release_id)
    return sql.Identifier(schema, relation)


def _is_allowed(connection: psycopg.Connection[Any], statement: sql.Composable | bytes) -> bool:
    """Whether the statement gets past the rights; nothing of it stays."""
    try:
        with connection.transaction(force_rollback=True):
            connection.execute(statement)
    except psycopg.errors.InsufficientPrivilege:
        return False
    except (psycopg.errors.ObjectNotInPrerequisiteState, psycopg.errors.WrongObjectType):
        # A view that cannot be written, whoever tries.
        return False
    except psycopg.errors.IntegrityError:
        # Past the rights, and refused for what it would write.
        return True
    return True


def _statement(verb: str, name: sql.Composable, column: str) -> sql.Composable:
    return {
        "select": sql.SQL("select * from {}"),
        "insert": sql.SQL("insert into {} default values"),
        "update": sql.SQL("update {} set {} = {} where false"),
        "delete": sql.SQL("delete from {} where false"),
        "truncate": sql.SQL("truncate {}"),
    }[verb].format(name, sql.Identifier(column), sql.Identifier(column))


def test_every_cell_of_the_access_matrix(served: Served):
    cells = 0
    wrong = []
    with served.admin() as connection:
        columns = {
            name: connection.execute(sql.SQL("select * from {} limit 0").format(_object(served, name)))
            .description[-1]  # type: ignore[index]
            .name
            for name in MATRIX
        }
    for number, role in enumerate(ROLES):
        with served.connect(role) as connection:
            for name, allowed in MATRIX.items():
                for verb in VERBS:
                    cells += 1
                    statement = _statement(verb, _object(served, name), columns[name])
                    expected = verb[0] in allowed[number]
                    if _is_allowed(connection, statement) is not expected:
                        wrong.append(f"{role} {verb} {name}: must be {'allowed' if expected else 'refused'}")
    print(f"\naccess matrix: {cells} cells of role x object x verb")
    assert wrong == []
    assert cells >= 150


@pytest.mark.parametrize(
    ("statements", "prefix"), [(CALLS, b"select "), (MAKES, b"")], ids=["calls", "makes"]
)
def test_every_call_and_every_making_is_for_whom_it_is_for(
    served: Served, statements: dict[str, set[str]], prefix: bytes
):
    found = {statement: set[str]() for statement in statements}
    for role in ROLES:
        with served.connect(role) as connection:
            for statement in statements:
                if _may_execute(connection, prefix + statement.encode()):
                    found[statement].add(role)
    print(f"\n{len(ROLES) * len(statements)} cells of role x statement")
    assert found == statements


def _may_execute(connection: psycopg.Connection[Any], statement: bytes) -> bool:
    """Whether rights let it run: a refusal that the function itself gives is none of them."""
    try:
        with connection.transaction(force_rollback=True):
            connection.execute(statement)
    except psycopg.errors.InsufficientPrivilege as refusal:
        return ": " in str(refusal.diag.message_primary) and refusal.diag.context is not None
    except psycopg.errors.ProgrammingError as refusal:
        return refusal.sqlstate not in ("42501", "0LP01")
    return True


def test_who_belongs_to_no_role_does_not_come_in(served: Served):
    password = served.server.create_login(f"stranger_{served.database}")
    with pytest.raises(psycopg.OperationalError, match="permission denied for database"):
        psycopg.connect(served.server.url(f"stranger_{served.database}", password, served.database))


def _is_seen(table: str, places: set[str], row: dict[str, Any], mine: set[str]) -> bool:
    """Whether a reader of some regions must see a planted row."""
    if table in CATALOGUES:
        return True
    if table in COMPANY or not places:
        return False
    if table in SCOPED:
        kind = row.get("scope_type", row.get("breakdown"))
        return kind in ("location", "region") and places <= mine
    if table in TOLD_TO_BOTH_ENDS:
        return bool(places & mine)
    if table in OWNED_BY_FIRST:
        return row["location_id"] in {f"L-{region}" for region in mine}
    return places <= mine


@pytest.mark.parametrize(
    ("login", "regions"),
    [
        ("reader", {"EAST"}), ("planner", {"EAST"}), ("manager", {"EAST"}), ("west", {"WEST"}),
        ("both", {"EAST", "WEST"}), ("none", set()),
    ],
)  # fmt: skip
def test_a_login_sees_of_every_table_the_rows_of_its_regions(served: Served, login: str, regions: set[str]):
    n_rows = 0
    with served.connect(login) as connection:
        for table in published_names():
            planted = planted_rows(table)
            expected = [row for places, row in planted if _is_seen(table, places, row, regions)]
            names = list(planted[0][1])
            query = sql.SQL("select {} from {}").format(
                sql.SQL(", ").join(map(sql.Identifier, names)), sql.Identifier("published", table)
            )
            seen = Counter(connection.execute(query).fetchall())
            assert seen == Counter(tuple(row[name] for name in names) for row in expected), table
            n_rows += seen.total()
    print(f"\n{login}: {n_rows} rows of {len(published_names())} tables, each as it must be")


@pytest.mark.parametrize("login", ["all", "auditor", "publisher"])
def test_who_needs_all_regions_sees_every_row(served: Served, login: str):
    with served.connect(login) as connection:
        for table in published_names():
            query = sql.SQL("select count(*) from {}").format(sql.Identifier("published", table))
            assert connection.execute(query).fetchone() == (len(planted_rows(table)),), table


def test_every_published_table_is_declared(served: Served):
    with served.admin() as connection:
        declared = {row[0] for row in connection.execute("select table_name from serving.region_rule")}
    assert declared == set(published_names())


def test_every_place_that_a_table_names_is_declared_or_known_to_be_told_along(served: Served):
    told_along = {
        ("delivery_promise", "source_location_id"),
        ("stock_unit_review", "to_location_id"),
        # its region tells where a location lies
        ("location", "location_id"),
    }
    with served.admin() as connection:
        rules = {
            table: (kind, set(columns))
            for table, kind, columns in connection.execute(
                "select table_name, kind, columns from serving.region_rule"
            )
        }
    for table in published_names():
        kind, columns = rules[table]
        named = {name for name in planted_rows(table)[0][1] if name.endswith("location_id")}
        undeclared = {(table, name) for name in named - columns if name != "parent_location_id"}
        assert undeclared <= told_along, table
        if kind in ("catalogue", "company"):
            assert not named, f"{table} names places and is told as if it had none"


def test_the_check_finds_nothing_amiss_and_tells_what_is_changed(served: Served):
    def faults() -> list[str]:
        return [one.found for one in check_roles(connection) if not one.is_ok]

    with served.admin() as connection:
        assert faults() == []
        for damage, told in (
            ("grant select on store.policy to stockplan_reader", "store.policy"),
            ("grant select on audit.event to public", "audit.event"),
            ("grant delete on serving.reader_region to stockplan_auditor", "serving.reader_region"),
            ("grant execute on function audit.append(jsonb) to stockplan_reader", "audit.append"),
            ("grant create on schema published to stockplan_planner", "published"),
            ("alter table store.policy no force row level security", "store.policy"),
            ("alter policy regions on store.kpi using (true)", "store.kpi"),
            ("drop policy regions on store.forecast", "store.forecast"),
            ("alter table store.policy owner to stockplan_publisher", "store.policy"),
            ("drop event trigger stockplan_rights_stay", "drop owned"),
            ("grant execute on function pg_advisory_lock(bigint) to public", "locks"),
            ("grant stockplan_publisher to stockplan_owner", "stockplan_publisher"),
            ("create policy more on store.kpi using (true)", "store.kpi"),
            ("alter view published.policy set (security_barrier = false)", "published.policy"),
            ("alter table audit.event disable trigger chain", "audit.event"),
            ("alter table decide.decision disable trigger rules", "decide.decision"),
            ("alter table decide.decision drop constraint nobody_approves_his_own", "nobody_approves"),
            ("delete from serving.region_rule where table_name = 'policy'", "policy"),
            ("insert into serving.reader_region (login, region) values ('gone', 'EAST')", "gone"),
            ("alter role stockplan_reader login", "stockplan_reader"),
            ("grant stockplan_keeper to stockplan_publisher", "stockplan_keeper"),
            ("grant temporary on database {} to public", "temporary"),
        ):  # fmt: skip
            with connection.transaction(force_rollback=True):
                connection.execute(
                    sql.SQL(damage).format(sql.Identifier(served.database))  # type: ignore[arg-type]
                )
                found = faults()
            assert any(told in one for one in found), f"{damage}: {found}"
        assert faults() == []
