"""YAML of somebody else: no objects, no bombs, and an error that says what to do."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
import yaml

from optimization.errors import StockplanError
from orchestration.bounded_yaml import MOST_BYTES, read_yaml
from orchestration.evidence.orders.configurations import read_wish
from orchestration.evidence.scenarios import read_scenario
from orchestration.ims.connector import SourceError
from orchestration.ims.mapping import Mapping, read_mapping
from orchestration.publish.export import read_export_columns

_LAUGHS = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 30)
)
HOSTILE = {
    "python object": "!!python/object/apply:os.system ['touch {sentinel}']",
    "python name": "!!python/name:os.system",
    "python module": "!!python/module:antigravity",
    "new object": "!!python/object/new:os.system ['touch {sentinel}']",
    "own tag": "!run 'touch {sentinel}'",
    "a laugh repeated": _LAUGHS,
    "contains itself": "&a [*a]",
    "merged without end": "a: &a {{b: 1, <<: *a}}",
    "deep": "[" * 100_000,
    "deep by indent": "".join(" " * n + "a:\n" for n in range(500)),
    "large": "a: " + "x" * (MOST_BYTES + 1),
    "many": "[" + "1," * 300_000 + "]",
    "a date that is none": "a: 2024-02-31",
    "a number without end": "a: " + "9" * 10_000,
    "a key that cannot be one": "{{[a]: 1}}",
    "two documents": "a: 1\n---\nb: 2",
    "no text": "\x00\x01",
    "a tab": "a:\n\t- b",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_yaml_is_an_error_at_once(tmp_path: Path, name: str):
    sentinel, path = tmp_path / "sentinel", tmp_path / "file.yaml"
    path.write_text(HOSTILE[name].format(sentinel=sentinel), encoding="utf-8")
    started = time.monotonic()
    with pytest.raises(yaml.YAMLError):
        read_yaml(path)
    assert time.monotonic() - started < 5
    assert not sentinel.exists()


@pytest.mark.parametrize("name", ["python object", "a laugh repeated", "deep", "contains itself"])
def test_every_reader_of_yaml_says_so(tmp_path: Path, name: str):
    """Whoever hands in a mapping, columns, a scenario or a configuration gets a message of Stockplan's."""
    sentinel, path = tmp_path / "sentinel", tmp_path / "file.yaml"
    path.write_text(HOSTILE[name].format(sentinel=sentinel), encoding="utf-8")
    for read in (
        lambda: read_mapping(path, Mapping),
        lambda: read_export_columns(path),
        lambda: read_wish(str(path)),
        lambda: read_scenario(path),
    ):
        with pytest.raises((StockplanError, SourceError), match=r"file\.yaml"):
            read()
    assert not sentinel.exists()


def test_names_that_save_writing_are_read(tmp_path: Path):
    path = tmp_path / "file.yaml"
    path.write_text("a: &a {b: [1, 2]}\nc: *a\nd:\n  <<: *a\n  e: 3\n", encoding="utf-8")
    assert read_yaml(path) == {"a": {"b": [1, 2]}, "c": {"b": [1, 2]}, "d": {"b": [1, 2], "e": 3}}
    path.write_text("", encoding="utf-8")
    assert read_yaml(path) is None
