"""The auditors' web server, real: it shows the graph, starts nothing, and listens on this machine alone."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from http.client import HTTPConnection
from typing import Any

import psutil
import pytest

from orchestration.settings import PROJECT_ROOT
from tests.pipelines import STOCKPLAN, command

LAUNCH = """
mutation {
  launchRun(executionParams: {
    mode: "default", executionMetadata: {tags: [{key: "dagster/partition", value: "2023-06-15"}]},
    selector: {repositoryLocationName: "stockplan", repositoryName: "__repository__", jobName: "daily"}
  }) { __typename ... on UnauthorizedError { message } ... on PythonError { message } }
}
"""
SWITCH_ON = """
mutation {
  startSchedule(scheduleSelector: {
    repositoryLocationName: "stockplan", repositoryName: "__repository__", scheduleName: "every_morning"
  }) { __typename }
}
"""


@dataclass(frozen=True)
class Server:
    process: psutil.Process
    port: int

    def ask(self, query: str) -> dict[str, Any]:
        """Return what GraphQL answers."""
        line = HTTPConnection("127.0.0.1", self.port, timeout=120)
        with closing(line):
            line.request(
                "POST", "/graphql", json.dumps({"query": query}), {"Content-Type": "application/json"}
            )
            content = json.loads(line.getresponse().read())
        assert isinstance(content, dict)
        return content


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    home, port = tmp_path_factory.mktemp("web"), _free_port()
    with (home / "log").open("w") as log:
        process = subprocess.Popen(
            [*STOCKPLAN, "ui", "--read-only", "--port", str(port)],
            env=command(home),
            cwd=PROJECT_ROOT,
            stdout=log,
            stderr=log,
        )
        try:
            deadline = time.monotonic() + 600
            while not _answers(port):
                told = (home / "log").read_text()
                assert process.poll() is None and time.monotonic() < deadline, told
                time.sleep(0.2)
            yield Server(psutil.Process(process.pid), port)
        finally:
            family = psutil.Process(process.pid).children(recursive=True)
            process.send_signal(signal.SIGINT)
            process.wait(timeout=60)
            for one in family:
                if one.is_running():
                    one.kill()


def _answers(port: int) -> bool:
    line = HTTPConnection("127.0.0.1", port, timeout=5)
    with closing(line):
        try:
            line.request("GET", "/server_info")
            return line.getresponse().status == 200
        except OSError:
            return False


def test_it_shows_the_graph(server: Server) -> None:
    answer = server.ask(
        "{ repositoriesOrError { ... on RepositoryConnection "
        "{ nodes { name location { name } jobs { name } } } } }"
    )
    (repository,) = answer["data"]["repositoriesOrError"]["nodes"]
    assert (repository["name"], repository["location"]["name"]) == ("__repository__", "stockplan")
    assert "daily" in {job["name"] for job in repository["jobs"]}


def test_it_refuses_to_start_a_run_and_to_switch_anything_on(server: Server) -> None:
    answer = server.ask(LAUNCH)
    assert answer["data"]["launchRun"]["__typename"] == "UnauthorizedError", answer
    answer = server.ask(SWITCH_ON)
    assert answer["data"]["startSchedule"]["__typename"] == "UnauthorizedError", answer
    told = server.ask("{ runsOrError { ... on Runs { results { id } } } }")
    assert told["data"]["runsOrError"]["results"] == []


def test_nothing_listens_where_others_reach_it(server: Server) -> None:
    """Neither the web server nor the server of the code behind it, which has a socket of its own."""
    family = [server.process, *server.process.children(recursive=True)]
    listening = {
        (found.laddr.ip, found.laddr.port)
        for one in family
        for found in one.net_connections("inet")
        if found.status == psutil.CONN_LISTEN
    }
    assert listening == {("127.0.0.1", server.port)}
