"""Paths of the project that its documents name are there: a moved module takes its mention along."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
_NAMED = re.compile(r"`((?:optimization|orchestration|dbt_project|tests|docs)/[\w./…-]+)`")
_MODULE = re.compile(r"python -m ((?:tests|orchestration)\.[\w.]+)")


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_what_a_document_names_is_there(document: Path) -> None:
    text = document.read_text(encoding="utf-8")
    paths = [named for named in _NAMED.findall(text) if "…" not in named and "NN" not in named]
    modules = [named.rstrip(".").replace(".", "/") for named in _MODULE.findall(text)]
    gone = [named for named in paths if not (ROOT / named).exists()]
    gone += [named for named in modules if not ((ROOT / f"{named}.py").exists() or (ROOT / named).is_dir())]
    assert gone == []
