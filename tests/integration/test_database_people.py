"""Letting people into the serving database, and taking that back: by the command line, on a real server."""

from __future__ import annotations

from pathlib import Path

import psycopg
import pytest
from typer.testing import CliRunner, Result

from orchestration.cli import app
from orchestration.outcomes import Code, code_of
from orchestration.publish.serving.audit import append_events
from orchestration.publish.serving.checking_roles import check_roles
from orchestration.settings import settings
from tests.served import DAY, Served, planted_rows, planted_table, serve
from tests.servers import PostgresServer

PASSWORD = "a-word-that-nobody-else-has"  # noqa: S105 - of a server that is thrown away


@pytest.fixture(scope="module")
def served(
    postgres: PostgresServer, module_database: str, tmp_path_factory: pytest.TempPathFactory
) -> Served:
    tables = {
        name: planted_table(name, [row for _, row in planted_rows(name)]) for name in ("location", "policy")
    }
    return serve(postgres, module_database, tmp_path_factory.mktemp("served"), tables)


@pytest.fixture
def stockplan(served: Served, monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    """Call the command line as the administrator, whose address lies in a file."""
    address = tmp_path / "admin"
    address.write_text(served.server.url(database=served.database))
    address.chmod(0o600)
    words = tmp_path / "word"
    words.write_text(PASSWORD)
    words.chmod(0o600)
    monkeypatch.setenv("STOCKPLAN_HOME", str(served.lake.root))
    monkeypatch.setenv("STOCKPLAN_SERVING__URL", served.url("publisher"))
    settings.cache_clear()

    def call(*arguments: str, word: bool = False) -> Result:
        password = ["--password-file", str(words)] if word else []
        return CliRunner().invoke(
            app, ["db", "user", *arguments, *password, "--url-file", str(address)], catch_exceptions=True
        )

    yield call
    settings.cache_clear()


def test_a_reader_is_let_in_moved_and_let_out(served: Served, stockplan):
    login = served.name_of("ria")
    assert stockplan(login, "--role", "reader", "--region", "EAST", word=True).exit_code == 0
    url = served.server.url(login, PASSWORD, served.database)
    with psycopg.connect(url, autocommit=True) as connection:
        settings = [
            connection.execute(f"show {name}".encode()).fetchone()
            for name in (
                "default_transaction_isolation", "default_transaction_read_only", "statement_timeout",
                "search_path",
            )
        ]  # fmt: skip
        assert settings == [("repeatable read",), ("on",), ("5min",), ("published",)]
        assert connection.execute("select distinct region from policy").fetchall() == [("EAST",)]
        # Another role in place of the first, and other regions.
        assert stockplan(login, "--role", "planner", "--role", "manager", "--region", "WEST").exit_code == 0
        assert connection.execute("select distinct region from policy").fetchall() == [("WEST",)]
    with served.admin() as admin:
        (kept,) = admin.execute("select rolpassword from pg_authid where rolname = %s", [login]).fetchone()
        assert kept.startswith("SCRAM-SHA-256$")
        most = admin.execute("select rolconnlimit from pg_roles where rolname = %s", [login]).fetchone()
        assert most == (20,), "who reads leaves the publisher room on the server"
        assert [one.found for one in check_roles(admin) if not one.is_ok] == []
    assert PASSWORD not in served.server.log
    assert stockplan(login, "--remove").exit_code == 0
    with pytest.raises(psycopg.OperationalError, match="not permitted to log in"):
        psycopg.connect(url)
    with served.admin() as admin:
        found = admin.execute(
            "select count(*) from serving.reader_region where login = %s", [login]
        ).fetchone()
        assert found == (0,)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("{}", "--role", "reader"), "name the regions"),
        (("{}", "--role", "reader", "--region", "MOON"), "no location lies in the region 'MOON'"),
        (("{}", "--role", "auditor", "--region", "EAST"), "sees all regions"),
        (("{}", "--role", "king", "--region", "EAST"), "not king"),
        (("{}", "--region", "EAST"), "name a role"),
        (("{}", "--remove", "--role", "reader"), "name none"),
        (("stockplan_reader", "--role", "auditor"), "a name of the system's"),
        (("postgres", "--remove"), "a name of the system's"),
        (("PUBLISHER_{database}", "--role", "manager", "--region", "EAST"), "one name differently written"),
    ],
)
def test_what_does_not_go_together_is_refused(
    served: Served, stockplan, arguments: tuple[str, ...], told: str
):
    login = served.name_of("nobody")
    done = stockplan(*(one.format(login, database=served.database) for one in arguments))
    assert done.exit_code != 0
    assert told in str(done.exception)
    assert done.exception is not None
    assert code_of(done.exception) == Code.REQUEST_REFUSED
    with served.admin() as admin:
        assert admin.execute("select 1 from pg_roles where rolname = %s", [login]).fetchone() is None


def test_the_verification_of_the_ledger_asks_the_database_too(
    served: Served, stockplan, monkeypatch: pytest.MonkeyPatch
):
    published = served.lake.ledger_file.read_bytes()
    served.ledger.append(
        "policy",
        "proposed",
        subject="I",
        business_date=DAY,
        actor="ann",
        payload={"reason": "later regretted"},
    )
    with served.connect("publisher") as connection, connection.transaction(), connection.cursor() as cursor:
        assert append_events(cursor, served.ledger) == 1
    whole = served.lake.ledger_file.read_bytes()
    done = CliRunner().invoke(app, ["audit", "verify"])
    assert done.exit_code == 0, done.exception
    assert "serving database has the same" in " ".join(done.output.split())
    # The file without its last event is whole in itself, and no release has witnessed that event.
    served.lake.ledger_file.write_bytes(published)
    assert served.ledger.verify().is_intact
    done = CliRunner().invoke(app, ["audit", "verify"])
    assert "cut off" in str(done.exception)
    served.lake.ledger_file.write_bytes(whole)
    done = CliRunner().invoke(app, ["db", "decisions"])
    assert done.exit_code == 0, done.exception
    assert "0 written, 0 refused" in done.output
