"""A copy by the page's own lines, while a further date is published, restored, and gone on from."""

from __future__ import annotations

import os
import re
import subprocess
import threading
from pathlib import Path

from orchestration.lake.ledger import Ledger
from orchestration.lake.paths import Lake
from orchestration.publish.shelf import current_release, pointed_id, releases
from tests.drill.miniature import Miniature, MiniatureSource, days

PAGE = Path(__file__).parents[2] / "docs" / "operations.md"
DAYS = days(4)


def _documented(first_words: str) -> str:
    """The shell lines of the page that begin with this comment."""
    blocks = re.findall(r"```sh\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    (block,) = [one for one in blocks if one.startswith(f"# {first_words}")]
    return str(block)


def _shell(lines: str, home: Path, copy: Path) -> None:
    environment = {**os.environ, "VAR": str(home), "COPY": str(copy)}
    subprocess.run(["bash", "-euo", "pipefail", "-c", lines], env=environment, check=True, timeout=60)


def _installation(home: Path) -> Miniature:
    return Miniature(home, MiniatureSource.of(DAYS))


def _content(lake: Lake) -> list[tuple[str, str]]:
    return [(one.release_id, one.content_hash) for one in releases(lake)]


def _verified(lake: Lake) -> None:
    heads = [one.manifest["ledger_head"] for one in releases(lake)]
    verdict = Ledger(lake.ledger_file).verify(expected_heads=heads)
    assert verdict.is_intact, verdict.reason


def test_a_copy_is_whole_and_goes_on_like_a_home_that_was_never_restored(tmp_path: Path) -> None:
    home, copy, restored = tmp_path / "home", tmp_path / "copy", tmp_path / "restored"
    copy.mkdir()
    restored.mkdir()
    lasting = _installation(home)
    for day in DAYS[:2]:
        lasting.run(day)
    # beside the copy the next date is published
    publishing = threading.Thread(target=lasting.run, args=(DAYS[2],))
    publishing.start()
    _shell(_documented("backup"), home, copy)
    publishing.join()
    _shell(_documented("restore"), restored, copy)

    again = _installation(restored)
    assert len(releases(again.lake)) >= 2
    assert pointed_id(again.lake) in {one.release_id for one in releases(again.lake)}
    _verified(again.lake)
    for day in DAYS[2:]:
        again.run(day)
    lasting.run(DAYS[3])
    assert _content(again.lake) == _content(lasting.lake)
    current = current_release(again.lake)
    assert current is not None and current.as_of == DAYS[3]
    assert again.lake.current_dir.resolve() == current.folder / "tables"
    _verified(again.lake)


def test_each_moment_of_a_publication_gives_a_copy_that_can_be_restored(tmp_path: Path) -> None:
    """The pointer of before, the release of after: the next run of any date mends the doors."""
    home, copy, restored = tmp_path / "home", tmp_path / "copy", tmp_path / "restored"
    copy.mkdir()
    restored.mkdir()
    lasting = _installation(home)
    lasting.run(DAYS[0])
    pointer, rest = _documented("backup").split("tar -C", 1)
    _shell(pointer, home, copy)
    lasting.run(DAYS[1])
    files, ledger = rest.rsplit("cp -p", 1)
    _shell(f"tar -C{files}", home, copy)
    lasting.run(DAYS[2])
    _shell(f"cp -p{ledger}", home, copy)
    _shell(_documented("restore"), restored, copy)

    again = _installation(restored)
    assert [one.as_of for one in releases(again.lake)] == list(DAYS[:2])
    assert pointed_id(again.lake) == releases(again.lake)[0].release_id
    _verified(again.lake)
    for day in DAYS[2:]:
        again.run(day)
    lasting.run(DAYS[3])
    assert [one.content_hash for one in releases(again.lake)] == [
        one.content_hash for one in releases(lasting.lake)
    ]
    assert pointed_id(again.lake) == releases(again.lake)[-1].release_id
    _verified(again.lake)
