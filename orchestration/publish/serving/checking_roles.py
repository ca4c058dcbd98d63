"""What a serving database grants, held against what it must grant: roles, rights, policies, triggers.

The rights are stated here a second time, apart from the SQL that grants them: what somebody granted by hand,
or a restored copy lacks, differs from one of the two.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from orchestration.findings import Finding

if TYPE_CHECKING:
    from psycopg import Connection
    from psycopg.rows import TupleRow

OWNER, KEEPER, PUBLISHER = "stockplan_owner", "stockplan_keeper", "stockplan_publisher"
READER, AUDITOR = "stockplan_reader", "stockplan_auditor"
PLANNER, MANAGER = "stockplan_planner", "stockplan_manager"
GROUPS = (OWNER, KEEPER, PUBLISHER, READER, AUDITOR, PLANNER, MANAGER)
_READERS = (READER, AUDITOR, PLANNER, MANAGER)
_REPAIR = "repair it with: stockplan db init"

# Per schema: its owner, who may enter it, and who may make things in it.
_SCHEMAS = {
    "published": (OWNER, {PUBLISHER, KEEPER, *_READERS}, set[str]()),
    "store": (OWNER, {PUBLISHER}, set[str]()),
    "serving": (OWNER, {PUBLISHER, AUDITOR, KEEPER}, set[str]()),
    "audit": (KEEPER, {PUBLISHER, AUDITOR}, set[str]()),
    "decide": (KEEPER, {PUBLISHER, AUDITOR, PLANNER, MANAGER}, set[str]()),
}
# Per relation, or all of a schema, the rights of whoever does not own it.
_SELECT = frozenset({"SELECT"})
_WRITE = frozenset({"SELECT", "INSERT", "UPDATE", "DELETE"})
_RELATIONS: dict[str, dict[str, frozenset[str]]] = {
    "published.*": dict.fromkeys((PUBLISHER, KEEPER, *_READERS), _SELECT),
    "store.*": {},
    "serving.release": {PUBLISHER: _WRITE, AUDITOR: _SELECT},
    "serving.pointer": {PUBLISHER: _WRITE - {"DELETE"}, AUDITOR: _SELECT},
    "serving.schema_version": {PUBLISHER: _SELECT, AUDITOR: _SELECT},
    "serving.reader_region": {PUBLISHER: _SELECT, AUDITOR: _SELECT, KEEPER: _SELECT},
    "serving.region_rule": {PUBLISHER: _SELECT, AUDITOR: _SELECT},
    "audit.*": {PUBLISHER: _SELECT, AUDITOR: _SELECT},
    "decide.*": {PUBLISHER: _SELECT, AUDITOR: _SELECT},
    "decide.waiting": {PLANNER: _SELECT, MANAGER: _SELECT},
    "decide.answer": {PLANNER: _SELECT, MANAGER: _SELECT},
}
# Who may call a function; of those not named, nobody but the owner.
_EVERYONE = {PUBLISHER, KEEPER, *_READERS}
_FUNCTIONS: dict[str, set[str]] = {
    "serving.my_regions": _EVERYONE,
    "serving.sees_all": _EVERYONE,
    "serving.my_keys": _EVERYONE,
    "serving.region_condition": {PUBLISHER},
    "serving.protection_fault": {PUBLISHER},
    "serving.grow_table": {PUBLISHER},
    "serving.begin_part": {PUBLISHER},
    "serving.end_part": {PUBLISHER},
    "serving.attach_part": {PUBLISHER},
    "serving.detach_part": {PUBLISHER},
    "serving.drop_part": {PUBLISHER},
    "serving.describe_table": {PUBLISHER},
    "audit.hold_end": {PUBLISHER},
    "audit.append": {PUBLISHER},
    "decide.propose": {PLANNER},
    "decide.override": {PLANNER},
    "decide.withdraw": {PLANNER},
    "decide.approve": {MANAGER},
    "decide.reject": {MANAGER},
    "decide.record_outcome": {PUBLISHER},
    "decide.set_rules": {PUBLISHER},
    "decide.content_hash": {PUBLISHER},
}
_TRIGGERS = {
    "audit.event": {"chain", "only_grows", "is_never_emptied"},
    "decide.request": {"rules", "only_grows", "is_never_emptied"},
    "decide.decision": {"rules", "only_grows", "is_never_emptied"},
    "decide.outcome": {"only_grows", "is_never_emptied"},
}
_CONSTRAINTS = {"decide.decision": {"nobody_approves_his_own", "what_was_asked_is_decided"}}


def check_roles(connection: Connection[TupleRow]) -> list[Finding]:
    """Return a finding for everything that is not as it must be, or one that all is.

    Reads the catalogue alone, so an administrator and the publisher may ask. Raises `psycopg.Error` when
    the schema is not there.
    """
    with connection.transaction():
        # Expressions are written out with the schemas that are not on the path.
        connection.execute("set local search_path = pg_catalog, pg_temp")
        faults = [
            fault
            for look in (_roles, _database, _schemas, _relations, _functions, _guards, _tables, _logins)
            for fault in look(connection)
        ]
    if not faults:
        return [Finding("access", True, "every right, policy and trigger is as it must be")]
    told = [fault.rpartition("; ") for fault in faults]
    return [Finding("access", False, found, repair) for found, _, repair in told]


def _roles(connection: Connection[TupleRow]) -> Iterator[str]:
    found = {
        row[0]: row[1:]
        for row in connection.execute(
            "select rolname, rolcanlogin, rolsuper, rolbypassrls, rolcreaterole from pg_roles "
            "where rolname = any(%s)",
            [list(GROUPS)],
        )
    }
    for name in GROUPS:
        if name not in found:
            yield f"the role {name} is missing; {_REPAIR}"
        elif any(found[name]):
            yield (
                f"the role {name} may log in, or may more than it is granted; set it back with: alter role "
                f"{name} nologin nosuperuser nobypassrls nocreaterole"
            )
    for group, member, is_admin in connection.execute(
        """
        select parent.rolname, member.rolname, member.rolsuper or member.rolcreaterole
        from pg_auth_members as membership
        join pg_roles as parent on parent.oid = membership.roleid
        join pg_roles as member on member.oid = membership.member
        where parent.rolname = any(%s)
        """,
        [list(GROUPS)],
    ):
        if member in GROUPS or (group in (OWNER, KEEPER) and not is_admin):
            yield f"{member} is a member of {group}, and must not be; revoke {group} from {member}"


def _database(connection: Connection[TupleRow]) -> Iterator[str]:
    for right in connection.execute(
        "select lower(right_of.privilege_type) from pg_database, "
        "aclexplode(coalesce(datacl, acldefault('d', datdba))) as right_of "
        "where datname = current_database() and right_of.grantee = 0"
    ):
        yield f"everybody has the right {right[0]} on the database; {_REPAIR}"
    for name in connection.execute(
        "select 'everybody may make objects in the schema public' "
        "from pg_namespace, aclexplode(coalesce(nspacl, acldefault('n', nspowner))) as right_of "
        "where nspname = 'public' and right_of.grantee = 0 and right_of.privilege_type = 'CREATE' "
        "union all select 'everybody may make large objects, which no right limits' "
        "where has_function_privilege('stockplan_reader', 'pg_catalog.lo_create(oid)', 'execute') "
        "union all select 'everybody may take locks with which a publication is stopped' "
        "where has_function_privilege('stockplan_reader', 'pg_catalog.pg_advisory_lock(bigint)', 'execute')"
    ):
        yield f"{name[0]}; {_REPAIR}, as the database's superuser"


def _schemas(connection: Connection[TupleRow]) -> Iterator[str]:
    for schema, (owner, enter, make) in _SCHEMAS.items():
        rows = connection.execute(
            "select pg_get_userbyid(nspowner), coalesce(grantee.rolname, 'everybody'), "
            "lower(right_of.privilege_type) from pg_namespace "
            "left join lateral aclexplode(nspacl) as right_of on true "
            "left join pg_roles as grantee on grantee.oid = right_of.grantee where nspname = %s",
            [schema],
        ).fetchall()
        if not rows:
            yield f"the schema {schema} is missing; {_REPAIR}"
            continue
        if rows[0][0] != owner:
            yield f"the schema {schema} belongs to {rows[0][0]}; alter schema {schema} owner to {owner}"
        wanted = {(name, "usage") for name in enter} | {(name, "create") for name in make}
        found = {(name, right) for _, name, right in rows if name != owner}
        yield from _differences(f"schema {schema}", wanted, found)


def _relations(connection: Connection[TupleRow]) -> Iterator[str]:
    for schema, name, owner, kind, rights, options in connection.execute(
        """
        select
            namespace.nspname, relation.relname, pg_get_userbyid(relation.relowner), relation.relkind::text,
            (
                select array_agg(array[coalesce(pg_get_userbyid(nullif(grantee, 0)), 'everybody'), privilege])
                from (
                    select grantee, privilege_type as privilege
                    from aclexplode(relation.relacl) where grantee <> relation.relowner
                    union
                    select column_right.grantee, column_right.privilege_type || ' of ' || attname
                    from pg_attribute, aclexplode(attacl) as column_right where attrelid = relation.oid
                ) as rights
            ),
            relation.reloptions
        from pg_class as relation
        join pg_namespace as namespace on namespace.oid = relation.relnamespace
        where namespace.nspname = any(%s) and relation.relkind in ('r', 'p', 'v', 'm', 'f')
        """,
        [list(_SCHEMAS)],
    ):
        full = f"{schema}.{name}"
        stated = _RELATIONS.get(full, _RELATIONS.get(f"{schema}.*", {}))
        wanted = {(role, right) for role, all_rights in stated.items() for right in all_rights}
        found = {(role, right) for role, right in rights or ()}
        yield from _differences(full, wanted, found)
        meant = _SCHEMAS[schema][0]
        if owner != meant:
            yield f"{full} belongs to {owner} and not to {meant}; alter table {full} owner to {meant}"
        shows_rows = kind == "v" and full != "published.release"
        if shows_rows and "security_barrier=true" not in (options or ()):
            yield (
                f"{full} lets a condition see rows before the policies have judged them; alter view {full} "
                "set (security_barrier = true)"
            )


def _functions(connection: Connection[TupleRow]) -> Iterator[str]:
    for name, owner, meant_owner, rights, has_path in connection.execute(
        """
        select
            namespace.nspname || '.' || proname, pg_get_userbyid(proowner), pg_get_userbyid(nspowner),
            (
                select array_agg(coalesce(pg_get_userbyid(nullif(grantee, 0)), 'everybody'))
                from aclexplode(coalesce(proacl, acldefault('f', proowner))) where grantee <> proowner
            ),
            'search_path=pg_catalog, pg_temp' = any(coalesce(proconfig, '{}'))
        from pg_proc join pg_namespace as namespace on namespace.oid = pronamespace
        where namespace.nspname = any(%s)
        """,
        [list(_SCHEMAS)],
    ):
        wanted = {(role, "execute") for role in _FUNCTIONS.get(name, set()) if role != owner}
        yield from _differences(name, wanted, {(role, "execute") for role in rights or ()})
        if owner != meant_owner or not has_path:
            yield f"the function {name} was replaced by other hands; {_REPAIR}"


def _guards(connection: Connection[TupleRow]) -> Iterator[str]:
    for table, wanted in _TRIGGERS.items():
        enabled = {
            row[0]
            for row in connection.execute(
                "select tgname from pg_trigger where tgrelid = to_regclass(%s) and not tgisinternal "
                "and tgenabled in ('O', 'A')",
                [table],
            )
        }
        for name in sorted(wanted - enabled):
            yield f"the trigger {name} of {table} is missing or switched off; enable it, or {_REPAIR}"
    row = connection.execute(
        "select 1 from pg_event_trigger where evtname = 'stockplan_rights_stay' and evtenabled in ('O', 'A')"
    ).fetchone()
    if row is None:
        yield (
            "every member of a role may take from all others what it is granted, with drop owned; "
            f"{_REPAIR}, as a superuser"
        )
    for table, wanted in _CONSTRAINTS.items():
        valid = {
            row[0]
            for row in connection.execute(
                "select conname from pg_constraint where conrelid = to_regclass(%s) and convalidated", [table]
            )
        }
        for name in sorted(wanted - valid):
            yield f"the constraint {name} of {table} is missing; add it as 60_decide.sql states it"


def _tables(connection: Connection[TupleRow]) -> Iterator[str]:
    for name, fault, has_rule in connection.execute(
        """
        select
            relname, serving.protection_fault(relname),
            exists (select from serving.region_rule as rule where rule.table_name = relname)
        from pg_class where relnamespace = 'store'::regnamespace and relkind = 'p'
        """
    ):
        if fault is not None:
            yield f"store.{name}: {fault}; {_REPAIR}"
        if not has_rule:
            yield (
                f"{name} has no rule in serving.region_rule, so nobody sees it but who sees all; add it to "
                "40_regions.sql"
            )
    for name in connection.execute(
        "select relname from pg_class join pg_attribute on attrelid = pg_class.oid "
        "where relnamespace = 'store'::regnamespace and relkind = 'r' and attnum > 0 and not attisdropped "
        "group by relname having bool_or(coalesce(attstattarget, -1) <> 0)"
    ):
        yield (
            f"store.{name[0]} keeps statistics of its values, which estimates tell to readers; serve its "
            "release again"
        )


def _logins(connection: Connection[TupleRow]) -> Iterator[str]:
    for login in connection.execute(
        "select distinct login from serving.reader_region where login not in "
        "(select rolname from pg_roles where rolcanlogin)"
    ):
        yield (
            f"regions are granted to {login[0]}, who is no login, and whoever gets that name would see them; "
            f"stockplan db user {login[0]} --remove"
        )
    for login in connection.execute(
        """
        select login.rolname from pg_roles as login
        where login.rolcanlogin and not login.rolsuper
          and (login.rolbypassrls or login.rolcreaterole)
          and exists (
              select from unnest(%s::text[]) as name
              where pg_has_role(login.oid, name::regrole::oid, 'usage')
          )
        """,
        [[READER, PLANNER, MANAGER, AUDITOR]],
    ):
        yield f"{login[0]} may make roles or pass by the policies; take that from a login that reads"


def _differences(what: str, wanted: set[tuple[str, str]], found: set[tuple[str, str]]) -> Iterator[str]:
    for role, right in sorted(found - wanted):
        yield f"{what}: {role} has the right {right.lower()} and must not; revoke it"
    for role, right in sorted(wanted - found):
        yield f"{what}: {role} lacks the right {right.lower()}; {_REPAIR}"
