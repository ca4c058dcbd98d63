"""No object is stored as bytes that run when they are read: nothing of the kind after a whole run."""

from __future__ import annotations

import pickle
from pathlib import Path

from tests.conftest import Small
from tests.drill.pickles import pickles_in


def test_a_whole_run_stores_no_pickle(small: Small):
    home = small.workshop.pipeline.lake.root
    assert small.newest.release.folder.is_relative_to(home)
    assert (home / "dagster").is_dir()
    assert pickles_in(home) == []


def test_a_pickle_is_seen(tmp_path: Path):
    for protocol in range(2, 6):
        (tmp_path / f"of-protocol-{protocol}").write_bytes(pickle.dumps({"a": 1}, protocol))
    assert len(pickles_in(tmp_path)) == 4
