"""kill -9 in the middle of a run, several times over; the run after it publishes what it would have."""

from __future__ import annotations

import os
import signal
import subprocess
from collections import Counter
from pathlib import Path

import pytest

from orchestration.lake.ledger import Ledger
from orchestration.lake.manifests import sealed_snapshots
from orchestration.lake.paths import Lake
from orchestration.publish.shelf import current_release, pointed_id, releases
from tests.conftest import Foreign
from tests.pipelines import STOCKPLAN, command, stockplan

# The process dies when it has told that this stage is done, so in the one that follows it.
LAST_WORDS = ("marts", "network plan", "gate")


def _killed_after(stage: str, home: Path, settings: dict[str, str]) -> None:
    """Start a run in a process group of its own and kill the whole group after `stage`."""
    with subprocess.Popen(
        [*STOCKPLAN, "run"],
        env=command(home, **settings),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    ) as process:
        assert process.stdout is not None
        said = []
        for line in process.stdout:
            said.append(line)
            if line.strip().startswith(f"✓ {stage} "):
                os.killpg(process.pid, signal.SIGKILL)
                break
        process.wait(timeout=60)
    assert process.returncode == -signal.SIGKILL, "".join(said)


@pytest.fixture(scope="module")
def home(foreign: Foreign, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home in which every run but the last was killed, each one further on."""
    return tmp_path_factory.mktemp("crash") / "home"


def test_every_killed_run_leaves_a_readable_home_and_the_next_converges(home: Path, foreign: Foreign) -> None:
    lake = Lake(home)
    for stage in LAST_WORDS[:-1]:
        _killed_after(stage, home, foreign.settings)
        assert [one.version for one in sealed_snapshots(lake)] == [1]
        assert releases(lake) == ()
        assert current_release(lake) is None
        assert Ledger(lake.ledger_file).verify().is_intact
    _killed_after(LAST_WORDS[-1], home, foreign.settings)
    # it died while it published: the release is there whole, or not at all
    stands = len(releases(lake))
    assert stands <= 1
    assert pointed_id(lake) in {"", *(one.release_id for one in releases(lake))}

    undisturbed = current_release(Lake(foreign.home))
    assert undisturbed is not None
    done = stockplan("run", home=home, **foreign.settings)
    assert done.returncode == 0, done.stderr
    release = current_release(lake)
    assert release is not None
    assert release.release_id == undisturbed.release_id
    assert release.content_hash == undisturbed.content_hash
    assert [one.release_id for one in releases(lake)] == [release.release_id]
    assert lake.current_dir.resolve() == release.folder / "tables"
    assert not [path.name for path in lake.root.glob(".aside-*")]
    assert not [path.name for path in lake.releases_dir.glob(".unfinished-*")]
    told = Counter(
        (event.event_type, event.payload.get("reason_code"))
        for event in Ledger(lake.ledger_file).events("release")
        if event.event_type != "unchanged"
    )
    # Each killed run that left no release is told once as lost; the release stands in the ledger once,
    # however far the last killed run had come.
    lost = len(LAST_WORDS) - stands
    assert told == {("refused", "WORKER_LOST"): lost, ("published", None): 1}
