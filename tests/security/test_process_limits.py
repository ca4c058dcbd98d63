"""What the command line takes from itself: others' right to read, and memory that would land on the disk."""

from __future__ import annotations

import stat
import subprocess
import sys
from pathlib import Path

from orchestration.lake.parquet import write_json
from tests.unit.publish.release_lake import ReleaseLake


def test_the_command_line_writes_no_core_and_for_its_group_only():
    said = subprocess.run(
        [
            sys.executable,
            "-c",
            "import os, resource, sys\n"
            "import orchestration.cli as cli\n"
            "cli.app = lambda: print(oct(os.umask(0)), *resource.getrlimit(resource.RLIMIT_CORE))\n"
            "cli.main()",
        ],
        capture_output=True,
        text=True,
        check=True,
        # A shell that is open to everybody.
        umask=0,
    )
    assert said.stdout.split() == ["0o27", "0", "0"]


def test_nobody_but_the_group_reads_what_was_published(shop: ReleaseLake, tmp_path: Path):
    """Files that Stockplan makes and moves."""
    release = shop.publish().release
    written = [
        *release.folder.rglob("*"),
        release.folder,
        shop.lake.published_database,
        *shop.lake.export_dir.resolve().glob("*"),
        shop.lake.ledger_file,
        shop.lake.root / "CURRENT",
    ]
    write_json({"a": 1}, tmp_path / "one.json")
    written.append(tmp_path / "one.json")
    open_to_others = {
        path.name: oct(mode) for path in written if (mode := stat.S_IMODE(path.stat().st_mode)) & 0o007
    }
    assert open_to_others == {}
