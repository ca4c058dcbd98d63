"""People and programs that use the serving database: a login, its roles, its regions and its limits."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from psycopg import sql

from optimization.errors import StockplanError
from orchestration.publish.serving.schema import require_schema

if TYPE_CHECKING:
    from psycopg import Connection
    from psycopg.rows import TupleRow

ROLES = ("reader", "planner", "manager", "auditor", "publisher")
# They see their regions; the others need all.
WITH_REGIONS = frozenset({"reader", "planner", "manager"})
ALL_REGIONS = "*"
_READ_ONLY = frozenset({"reader", "auditor"})
_IDLE_IN_TRANSACTION = "10min"
# A login may lift its other limits with `set`; this one keeps room on the server for the publisher.
_MOST_CONNECTIONS = 20
_POWERS = ("nosuperuser", "nocreatedb", "nocreaterole", "nobypassrls")
_RESERVED = ("pg_", "stockplan")


@dataclass(frozen=True)
class Admitted:
    """A login that was let in; `notes` tell what whoever let it in should know."""

    notes: tuple[str, ...]


def admit(
    connection: Connection[TupleRow],
    login: str,
    roles: Sequence[str],
    regions: Collection[str],
    *,
    password: str | None,
    statement_timeout_seconds: int,
) -> Admitted:
    """Let a login have exactly these roles and regions, whatever it had before; make it if there is none.

    `password` None keeps the one it has: a new login then comes in by what the server trusts otherwise. It
    reaches the server as its SCRAM verifier alone. Raises `StockplanError` for roles and regions that do not
    go together, a region that no location has, and a name that is another's.
    """
    require_schema(connection)
    notes = list(_check(connection, login, roles, regions))
    name = sql.Identifier(login)
    with connection.transaction():
        powers = connection.execute(
            "select rolsuper, rolcreatedb, rolcreaterole, rolbypassrls from pg_roles where rolname = %s",
            [login],
        ).fetchone()
        if powers is None:
            connection.execute(sql.SQL("create role {} login").format(name))
            if password is None:
                notes.append(
                    "the login is new and has no password: it comes in only by what the server trusts "
                    "otherwise, such as a certificate; give it one with --password-file"
                )
        # Only a superuser may name a power, also to take away what is not there.
        taken = [word for word, is_there in zip(_POWERS, powers or (), strict=False) if is_there]
        most = -1 if "publisher" in roles else _MOST_CONNECTIONS
        limits = sql.SQL("alter role {} login inherit connection limit {} {}")
        connection.execute(limits.format(name, sql.Literal(most), sql.SQL(" ").join(map(sql.SQL, taken))))
        if password is not None:
            verifier = connection.pgconn.encrypt_password(
                password.encode(), login.encode(), b"scram-sha-256"
            ).decode()
            connection.execute(sql.SQL("alter role {} password {}").format(name, sql.Literal(verifier)))
        for role in ROLES:
            group = sql.Identifier(f"stockplan_{role}")
            change = "grant {} to {}" if role in roles else "revoke {} from {}"
            connection.execute(sql.SQL(change).format(group, name))
        connection.execute("delete from serving.reader_region where login = %s", [login])
        for region in sorted(set(regions)):
            connection.execute(
                "insert into serving.reader_region (login, region) values (%s, %s)", [login, region]
            )
        _limit(connection, login, roles, statement_timeout_seconds)
    return Admitted(tuple(notes))


def remove(connection: Connection[TupleRow], login: str) -> None:
    """Take every role and region from a login and let it in no more; what it decided stays.

    The login itself is kept, so that nobody else gets its name. Raises `StockplanError` for a reserved name.
    """
    require_schema(connection)
    _check_name(login)
    with connection.transaction():
        connection.execute("delete from serving.reader_region where login = %s", [login])
        if connection.execute("select 1 from pg_roles where rolname = %s", [login]).fetchone() is None:
            return
        name = sql.Identifier(login)
        for role in ROLES:
            connection.execute(sql.SQL("revoke {} from {}").format(sql.Identifier(f"stockplan_{role}"), name))
        connection.execute(sql.SQL("alter role {} nologin").format(name))


def _check_name(login: str) -> None:
    if not login.strip() or login.lower().startswith(_RESERVED) or login == "postgres":
        raise StockplanError(f"{login!r} is a name of the system's; choose another for the login")


def _check(
    connection: Connection[TupleRow], login: str, roles: Sequence[str], regions: Collection[str]
) -> Iterator[str]:
    """Yield what could not be checked yet; raises `StockplanError` for what is wrong."""
    _check_name(login)
    unknown = sorted(set(roles) - set(ROLES))
    if unknown or not roles:
        raise StockplanError(
            f"name a role of {', '.join(ROLES)}" + (f", not {unknown[0]}" if unknown else "")
        )
    if set(roles) & WITH_REGIONS and not regions:
        raise StockplanError(
            f"name the regions that {login} may see, or {ALL_REGIONS!r} for all: without one it sees no row"
        )
    if regions and not set(roles) & WITH_REGIONS:
        raise StockplanError(f"{', '.join(roles)} sees all regions; leave the regions out")
    twin = connection.execute(
        "select rolname from pg_roles where decide.plain_name(rolname) = decide.plain_name(%s) "
        "and rolname <> %s",
        [login, login],
    ).fetchone()
    if twin is not None:
        raise StockplanError(
            f"{login!r} and the login {twin[0]!r} are one name differently written; one person with two "
            "logins could approve his own changes"
        )
    row = connection.execute("select to_regclass('published.location')").fetchone()
    named = set(regions) - {ALL_REGIONS}
    if row is None or row[0] is None:
        if named:
            yield (
                f"nothing is published yet, so nobody could check that there is a region "
                f"{', '.join(sorted(named))}"
            )
        return
    known = {row[0] for row in connection.execute("select distinct region from published.location")}
    other = sorted(named - known)
    if other:
        raise StockplanError(
            f"no location lies in the region {other[0]!r}; there are {', '.join(sorted(filter(None, known)))}"
        )


def _limit(
    connection: Connection[TupleRow], login: str, roles: Sequence[str], statement_timeout_seconds: int
) -> None:
    """Set what a session of the login begins with, in this database."""
    is_reading = set(roles) <= _READ_ONLY
    values = {
        "search_path": "published" if is_reading else None,
        # One release from the first to the last query of a transaction.
        "default_transaction_isolation": "repeatable read" if is_reading else None,
        "default_transaction_read_only": "on" if is_reading else None,
        "statement_timeout": None if "publisher" in roles else f"{statement_timeout_seconds}s",
        "idle_in_transaction_session_timeout": None if "publisher" in roles else _IDLE_IN_TRANSACTION,
    }
    row = connection.execute("select current_database()").fetchone()
    database = sql.Identifier(row[0] if row else "")
    for setting, value in values.items():
        what = sql.SQL("reset {}" if value is None else "set {} = {}").format(
            sql.Identifier(setting), *([] if value is None else [sql.Literal(value)])
        )
        connection.execute(
            sql.SQL("alter role {} in database {} {}").format(sql.Identifier(login), database, what)
        )
