"""A secret in every credential, and what is left of it: good and failing commands, and nothing they leave.

Each credential holds a word of its own that stands nowhere else. Commands run as the operator runs them,
forked from one process that has imported the command line; then everything is searched: what they said,
every file of the home (packed ones unpacked), and every row of the databases.
"""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import threading
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb
import psycopg
import pyarrow.parquet as pq
from psycopg import sql

from orchestration.settings import PROJECT_ROOT
from tests.drill.report import Report, scaled
from tests.servers import PostgresServer

# Each stands in one credential and nowhere else.
CANARIES = {
    name: f"CANARY-{name}-7f3a"
    for name in ("source", "serving", "dagster", "webhook", "environment", "typo", "file")
}
_MAPPING = """
business_dates: {table: item, column: loaded_on}
tables:
  item: {table: no_such_table}
"""
# A port of the loopback address on which nobody listens.
_CLOSED = "127.0.0.1:9"


@dataclass(frozen=True)
class Case:
    """One command: what it is, its arguments, and the settings that differ."""

    name: str
    arguments: tuple[str, ...]
    settings: Mapping[str, str] = field(default_factory=dict)
    fails: bool = True


class _Webhook(BaseHTTPRequestHandler):
    status = 500

    def do_POST(self) -> None:
        self.send_response(self.status)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        pass


@contextmanager
def _webhook() -> Iterator[int]:
    server = HTTPServer(("127.0.0.1", 0), _Webhook)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_port
    server.shutdown()


def _settings(home: Path, server: PostgresServer, database: str, webhook: int) -> dict[str, str]:
    """Settings with which everything works, each credential with its own word."""
    (home.parent / "mapping.yaml").write_text(_MAPPING, encoding="utf-8")
    return {
        "STOCKPLAN_HOME": str(home),
        "STOCKPLAN_SOURCE__CONNECTOR": "postgres",
        "STOCKPLAN_SOURCE__MAPPING": str(home.parent / "mapping.yaml"),
        "STOCKPLAN_SOURCE__POSTGRES__URL": server.url("canary_source", CANARIES["source"], database),
        "STOCKPLAN_SOURCE__POSTGRES__RETRY_BUDGET_SECONDS": "0",
        "STOCKPLAN_SOURCE__POSTGRES__CONNECT_TIMEOUT_SECONDS": "2",
        "STOCKPLAN_SERVING__URL": server.url("canary_serving", CANARIES["serving"], database),
        "STOCKPLAN_SERVING__RETRY_BUDGET_SECONDS": "0",
        "STOCKPLAN_SERVING__CONNECT_TIMEOUT_SECONDS": "2",
        "STOCKPLAN_ALERTS__WEBHOOK_URL": f"http://127.0.0.1:{webhook}/hook/{CANARIES['webhook']}",
        "STOCKPLAN_ALERTS__WEBHOOK_TIMEOUT_SECONDS": "2",
        "STOCKPLAN_TODAY": "2024-01-02",
        "PGPASSWORD": CANARIES["environment"],
    }


def _late(timezone: str, due: str) -> dict[str, str]:
    """Settings of an installation that lives today, and has had no release for long."""
    return {
        "STOCKPLAN_TODAY": "",
        "STOCKPLAN_ALERTS__TIMEZONE": timezone,
        "STOCKPLAN_ALERTS__RELEASE_DUE": due,
    }


def cases(folder: Path, server: PostgresServer, database: str) -> list[Case]:
    """Every command, the good ones first: they make what the failing ones fail on."""
    word, source, serving = CANARIES, "STOCKPLAN_SOURCE__POSTGRES__URL", "STOCKPLAN_SERVING__URL"
    dagster = {"STOCKPLAN_DAGSTER__STORAGE": "postgres"}
    open_file, text_file, binary_file = folder / "open", folder / "text", folder / "binary"
    open_file.write_text(server.url("x", word["file"]), encoding="utf-8")
    open_file.chmod(0o644)
    text_file.write_text(f"my password is {word['file']}", encoding="utf-8")
    binary_file.write_bytes(b"\xff\xfe" + word["file"].encode())
    for one in (text_file, binary_file):
        one.chmod(0o600)
    configuration = folder / "broken.yaml"
    configuration.write_text(f"serving:\n  url: {word['file']}\n   bad: [", encoding="utf-8")

    # Each is late on a day of its own at any time of the clock, since one day is told once.
    late = {
        "early": _late("Pacific/Kiritimati", "00:00:00"),
        "today": _late("Etc/GMT+12", "00:00:00"),
        "yesterday": _late("Etc/GMT+12", "23:59:59"),
    }

    def wrong(name: str) -> str:
        return server.url(f"canary_{name}", word[name] + "x", database)

    def down(name: str) -> str:
        return f"postgresql://canary_{name}:{word[name]}@{_CLOSED}/{database}"

    return [
        Case("db init", ("db", "init"), fails=False),
        Case("miniature date", ("MINIATURE",), fails=False),
        Case("db check", ("db", "check"), fails=False),
        Case("serving", ("serving",), fails=False),
        Case("releases", ("releases",), fails=False),
        Case("show", ("show", "policy"), fails=False),
        Case("doctor: mapping names a missing table", ("doctor",)),
        Case("doctor: wrong password", ("doctor",), {source: wrong("source"), serving: wrong("serving")}),
        Case("doctor: server down", ("doctor",), {source: down("source"), serving: down("serving")}),
        Case("doctor: no address", ("doctor",), {source: f"postgresql://u:{word['source']}@[::bad/db"}),
        Case("doctor: unknown option", ("doctor",), {source: down("source") + f"?bogus={word['source']}"}),
        Case(
            "doctor: mistyped name", ("doctor",), {"STOCKPLAN_SERVING__URLL": f"postgresql://{word['typo']}"}
        ),
        Case("doctor: wrong value beside", ("doctor",), {"STOCKPLAN_SERVING__KEEP_RELEASES": "none"}),
        Case("doctor: settings are no YAML", ("doctor",), {"STOCKPLAN_CONFIG": str(configuration)}),
        Case("run: server down", ("run",), {source: down("source")}),
        Case("run: wrong password", ("run",), {source: wrong("source")}),
        Case("run: missing table", ("run",)),
        Case("run: not an address", ("run",), {source: word["source"]}),
        Case("run: a mistyped setting", ("run",), {"STOCKPLAN_ALERTS__WEBHOOK": f"https://x/{word['typo']}"}),
        Case(
            "run: file open to others",
            ("run",),
            {source: "", "STOCKPLAN_SOURCE__POSTGRES__URL_FILE": str(open_file)},
        ),
        Case("db check: server down", ("db", "check"), {serving: down("serving")}),
        Case("db check: wrong password", ("db", "check"), {serving: wrong("serving")}),
        Case(
            "db check: no such database",
            ("db", "check"),
            {serving: server.url("canary_serving", word["serving"], "none")},
        ),
        Case(
            "db init: no right to",
            ("db", "init"),
            {serving: server.url("canary_source", word["source"], database)},
        ),
        Case("db init: a file that is no address", ("db", "init", "--url-file", str(text_file))),
        Case("db init: a file that is no text", ("db", "init", "--url-file", str(binary_file))),
        Case("serving: server down", ("serving",), {serving: down("serving")}),
        Case("serving: wrong password", ("serving",), {serving: wrong("serving")}),
        Case(
            "serving: no right to",
            ("serving",),
            {serving: server.url("canary_source", word["source"], database)},
        ),
        Case("upkeep: webhook answers 500", ("upkeep",), late["early"]),
        Case(
            "upkeep: webhook dead",
            ("upkeep",),
            {**late["today"], "STOCKPLAN_ALERTS__WEBHOOK_URL": f"http://{_CLOSED}/{word['webhook']}"},
        ),
        Case(
            "upkeep: webhook is no URL",
            ("upkeep",),
            {**late["yesterday"], "STOCKPLAN_ALERTS__WEBHOOK_URL": f"ftp:{word['webhook']}"},
        ),
        Case(
            "upkeep: Dagster's database down",
            ("upkeep",),
            {**dagster, "STOCKPLAN_DAGSTER__URL": down("dagster")},
        ),
        Case(
            "upkeep: Dagster's password wrong",
            ("upkeep",),
            {**dagster, "STOCKPLAN_DAGSTER__URL": wrong("dagster")},
        ),
    ]


def _serve() -> None:
    """Fork for every line of cases; each process is one command of the operator."""
    import importlib

    import orchestration.cli as command_line

    for module in ("dagster", "orchestration.run", "psycopg", "duckdb", "tests.drill.miniature"):
        importlib.import_module(module)
    for line in sys.stdin:
        told = json.loads(line)
        if pid := os.fork():
            _, status = os.waitpid(pid, 0)
            print(json.dumps(os.waitstatus_to_exitcode(status)), flush=True)
            continue
        out = os.open(told["said"], os.O_WRONLY | os.O_CREAT, 0o600)
        os.dup2(out, 1)
        os.dup2(out, 2)
        os.environ.update(told["settings"])
        code = 0
        try:
            if told["arguments"] == ["MINIATURE"]:
                _miniature()
            else:
                sys.argv = ["stockplan", *told["arguments"]]
                command_line.main()
        except SystemExit as ended:
            code = ended.code if isinstance(ended.code, int) else 1
        except BaseException:
            import traceback

            traceback.print_exc()
            code = 99
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _miniature() -> None:
    from tests.drill.miniature import Miniature, MiniatureSource, days

    serving = os.environ["STOCKPLAN_SERVING__URL"]
    home = Path(os.environ["STOCKPLAN_HOME"])
    print(Miniature(home, MiniatureSource.of(days(2)), serving=serving).run(days(1)[0]).release.release_id)


@dataclass(frozen=True)
class Left:
    """What one round left: how each command ended and said, and where a word was found."""

    codes: Mapping[str, int]
    said: Mapping[str, str]
    hits: tuple[str, ...]
    searched: int


def round_of_commands(folder: Path, most: int | None = None) -> Left:
    """Run the commands against a server of their own and search all that they left.

    `most`: so many failing commands are enough.
    """
    home = folder / "home"
    codes: dict[str, int] = {}
    said: dict[str, str] = {}
    with PostgresServer() as server, _webhook() as webhook:
        database = server.create_database()
        with server.connect(database) as connection:
            for name in ("source", "serving", "dagster"):
                right = "superuser" if name == "serving" else "nosuperuser"
                connection.execute(
                    sql.SQL("create role {} login password {} {}").format(
                        sql.Identifier(f"canary_{name}"), sql.Literal(CANARIES[name]), sql.SQL(right)
                    )
                )
            connection.execute("create table item (item_id text, loaded_on date)")
            connection.execute("grant select on item to canary_source")
            connection.execute(
                sql.SQL("grant connect on database {} to canary_source").format(sql.Identifier(database))
            )
        settings = _settings(home, server, database, webhook)
        told = cases(folder, server, database)
        failing = [one for one in told if one.fails][:most]
        process = subprocess.Popen(
            [sys.executable, "-c", "from tests.drill.canary import _serve; _serve()"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=PROJECT_ROOT,
        )
        assert process.stdin is not None
        assert process.stdout is not None
        for number, case in enumerate([*(one for one in told if not one.fails), *failing]):
            path = folder / f"said-{number}.txt"
            line = {
                "arguments": case.arguments,
                "settings": {**settings, **case.settings},
                "said": str(path),
            }
            process.stdin.write(json.dumps(line) + "\n")
            process.stdin.flush()
            codes[case.name] = json.loads(process.stdout.readline() or "-1")
            said[case.name] = path.read_text(encoding="utf-8", errors="replace")
        process.stdin.close()
        process.wait(30)
        texts = [(f"what {name!r} said", text.encode()) for name, text in said.items()]
        texts += _rows(server, database)
    texts += [one for path in sorted(home.rglob("*")) if path.is_file() for one in unpacked(path)]
    return Left(codes, said, words_in(texts), len(texts))


def words_in(texts: Iterable[tuple[str, bytes]]) -> tuple[str, ...]:
    """Every secret word that stands in one of the texts, with where."""
    return tuple(
        f"{canary} in {where}"
        for where, content in texts
        for canary in CANARIES.values()
        if canary.encode() in content
    )


def unpacked(path: Path) -> Iterator[tuple[str, bytes]]:
    """The bytes of a file, and what is packed in it."""
    yield str(path), path.read_bytes()
    if path.suffix == ".parquet":
        yield f"{path} (rows)", repr(pq.ParquetFile(path).read().to_pylist()).encode()
    elif path.suffix in (".xlsx", ".zip"):
        with zipfile.ZipFile(io.BytesIO(path.read_bytes())) as packed:
            for name in packed.namelist():
                yield f"{path}!{name}", packed.read(name)
    elif path.suffix == ".duckdb":
        with duckdb.connect(str(path), read_only=True) as connection:
            for (name,) in connection.execute("select table_name from duckdb_tables()").fetchall():
                yield f"{path}!{name}", repr(connection.table(name).fetchall()).encode()


def _rows(server: PostgresServer, database: str) -> list[tuple[str, bytes]]:
    """Every row of every table that the commands could write."""
    found = []
    with psycopg.connect(server.url(database=database)) as connection:
        tables = connection.execute(
            "select schemaname, tablename from pg_tables where schemaname not like 'pg_%%' "
            "and schemaname <> 'information_schema'"
        ).fetchall()
        for schema, table in tables:
            rows = connection.execute(
                sql.SQL("select * from {}").format(sql.Identifier(schema, table))
            ).fetchall()
            found.append((f"table {schema}.{table}", repr(rows).encode()))
    return found


def run(scale: float, report: Report) -> None:
    """Run all commands once; a small scale runs fewer of the failing ones."""
    with TemporaryDirectory(prefix="stockplan-canary-") as name:
        left = round_of_commands(Path(name), scaled(40, scale, least=20))
    good = [code for name, code in left.codes.items() if ":" not in name]
    bad = {name: code for name, code in left.codes.items() if ":" in name}
    report.count("commands that succeed", sum(code == 0 for code in good), exactly=len(good))
    report.count("commands that fail", sum(code != 0 for code in bad.values()), least=20)
    for name in (name for name, code in left.codes.items() if (code == 0) == (":" in name) or code == 99):
        report.miss(f"{name!r} ended with {left.codes[name]}: {left.said[name][-400:]}")
    report.count("files, tables and outputs searched", left.searched, least=50)
    report.count("credentials with a word of their own", len(CANARIES), least=5)
    report.count("words found", len(left.hits), exactly=0)
    for hit in left.hits:
        report.miss(hit)
