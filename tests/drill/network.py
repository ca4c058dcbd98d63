"""Nothing leaves the machine: a whole business date in a network that has nothing but the loopback address.

The date runs as a process of its own in a network namespace, through the real job, dbt as a child of
it. Every system call that could reach another machine is written down by strace. In such a network an
attempt fails at once; written down it is all the same, and so is the question for a name.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from orchestration.settings import PROJECT_ROOT
from tests.drill.pickles import pickles_in, plant
from tests.drill.report import Report
from tests.pipelines import SMALL_DAYS

_PATIENCE_S = 1500.0
_CALLS = "connect,sendto,sendmsg,sendmmsg,bind"
_CALL = re.compile(r"\b(connect|sendto|sendmsg|sendmmsg|bind)\(")
_ADDRESS = re.compile(
    r'sa_family=AF_INET6?, .*?(?:inet_addr\("(?P<v4>[^"]*)"\)|inet_pton\(AF_INET6, "(?P<v6>[^"]*)")'
)
_LOOPBACK = re.compile(r"127\.|::1$|::ffff:127\.")
# Run as a process: the small source through the real job, dbt in a child as on a server.
_DAY = """
import sys
from pathlib import Path
from tests.pipelines import SMALL_DAYS, SmallSource, open_workshop
from orchestration.settings import Settings
import tests.pipelines as pipelines

pipelines.Settings = lambda home: Settings(home=home, execution={"dbt": "subprocess"})
with open_workshop(Path(sys.argv[1]), SmallSource()) as workshop:
    assert not workshop.instance.telemetry_enabled
    print("published", workshop.run(SMALL_DAYS[-1]).release.release_id)
"""


@dataclass(frozen=True)
class Run:
    """One command in the closed network: how it ended, what it said, and the calls written down."""

    code: int
    output: str
    calls: tuple[str, ...]

    @property
    def foreign(self) -> list[str]:
        """Calls that name an address other than the loopback one."""
        return [call for call in self.calls if not _is_local(call)]


def _is_local(call: str) -> bool:
    found = _ADDRESS.search(call)
    return found is None or bool(_LOOPBACK.match(found["v4"] or found["v6"]))


def closed_run(arguments: Iterable[str], folder: Path) -> Run:
    """Run a command where only loopback is, with its network calls written to `folder`.

    Raises `RuntimeError` where the machine lacks `unshare`, `strace` or `ip`, or may not use them.
    """
    tools = [shutil.which(name) for name in ("unshare", "strace", "ip")]
    if not all(tools):
        raise RuntimeError("the drill needs unshare (util-linux), strace and ip (iproute2)")
    log = folder / "calls.txt"
    user = [] if os.getuid() == 0 else ["--map-root-user"]
    traced = f'ip link set lo up && exec strace -f -qq --seccomp-bpf -e trace={_CALLS} -o "$0" "$@"'
    done = subprocess.run(
        ["unshare", "--net", *user, "sh", "-c", traced, str(log), *arguments],
        cwd=PROJECT_ROOT,
        # As a service starts it: none of the switches that the Makefile sets.
        env={
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("STOCKPLAN_", "DAGSTER_", "DBT_", "GX_", "DO_NOT"))
        },
        capture_output=True,
        text=True,
        check=False,
        timeout=_PATIENCE_S,
    )
    calls = log.read_text(errors="replace").splitlines() if log.exists() else []
    return Run(done.returncode, done.stdout + done.stderr, tuple(one for one in calls if _CALL.search(one)))


def run(scale: float, report: Report) -> None:
    """Run one date; at any scale it is one."""
    del scale
    with tempfile.TemporaryDirectory(prefix="stockplan-network-") as name:
        folder = Path(name)
        # What proves nothing when it is silent: an attempt must be seen.
        probe = "import socket; socket.socket().connect_ex(('192.0.2.1', 80))"
        seen = closed_run([sys.executable, "-c", probe], folder)
        report.count("attempts seen of one that was planted", len(seen.foreign), exactly=1)
        home, sentinel = folder / "home", folder / "sentinel"
        assets = json.loads((PROJECT_ROOT / "tests/architecture/definitions.json").read_text())["assets"]
        planted = plant(home / "dagster" / "storage", assets, SMALL_DAYS[-1].isoformat(), sentinel)
        report.count("evil pickles planted, one per asset", planted, least=100)
        done = closed_run([sys.executable, "-c", _DAY, str(home)], folder)
        report.count("days published with loopback only", int("published" in done.output), exactly=1)
        if done.code:
            report.miss(done.output[-2000:])
        kinds = Counter(call.split("(")[0].split()[-1] for call in done.calls)
        report.count("network calls written down", len(done.calls), least=1, note=str(dict(kinds)))
        report.count("of them beyond loopback", len(done.foreign), exactly=0)
        for call in done.foreign[:10]:
            report.miss(call)
        report.count("evil pickles executed", int(sentinel.exists()), exactly=0)
        # Those that were planted are all there are.
        report.count("pickles written by the run", len(pickles_in(home)) - planted, exactly=0)
