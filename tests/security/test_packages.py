"""Every package is pinned by its hash, and from no address of its own."""

from __future__ import annotations

import re

from orchestration.settings import PROJECT_ROOT
from scripts.sbom import installed, plain_name

_PIN = re.compile(r"^([A-Za-z0-9._-]+)(?:\[[^\]]*\])?==([^ ;\\]+)", re.MULTILINE)
LOCK = (PROJECT_ROOT / "requirements.lock").read_text(encoding="utf-8")
# Of the environment itself, and of the project.
_NOT_LOCKED = {"pip", "setuptools", "wheel", "uv", "stockplan"}


def test_every_line_of_the_lock_is_hashed_and_none_is_an_address():
    assert not re.search(r"://|^\s*-[ie]\b|--(extra-)?index-url|--find-links|@ ", LOCK, re.MULTILINE)
    blocks = re.split(r"\n(?=[A-Za-z0-9])", LOCK.strip())
    assert len(blocks) > 150
    for block in blocks:
        assert _PIN.match(block), block
        assert re.search(r"--hash=sha256:[0-9a-f]{64}", block), block


def test_the_lock_is_what_is_installed():
    pins = {plain_name(name): version for name, version in _PIN.findall(LOCK)}
    there = installed()
    # Pins of other systems are not installed here; what is installed is pinned.
    differing = {name: (there[name], pins.get(name)) for name in there if there[name] != pins.get(name)}
    assert {name: pair for name, pair in differing.items() if name not in _NOT_LOCKED} == {}
