"""The list of reason codes: whole, without doubles, and true to the classes that it names."""

from __future__ import annotations

import ast
import importlib

import pytest

from orchestration.outcomes import _BY_CLASS, BY_CODE, OUTCOMES, Code, code_of, code_told
from orchestration.settings import PROJECT_ROOT

# Defined beside what they wrap or extend; each carries its own code or ends as the class it descends from.
BY_DESCENT = {
    "LedgerError",
    "ScenarioError",
    "TraceError",
    "BundleError",
    "ReproductionError",
    "OverlayError",
    "DayFailed",
    "AddressError",
}


def _own_errors() -> set[str]:
    """Names of all classes that descend from `StockplanError`, read from the sources."""
    bases: dict[str, set[str]] = {}
    for folder in ("optimization", "orchestration"):
        for path in (PROJECT_ROOT / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.ClassDef):
                    bases[node.name] = {ast.unparse(base).rpartition(".")[2] for base in node.bases}
    found = {"StockplanError"}
    while more := {name for name, of in bases.items() if of & found} - found:
        found |= more
    return found


def test_every_code_has_one_meaning_and_one_exit_code() -> None:
    assert [one.code for one in OUTCOMES] == list(Code)
    assert len({one.exit_code for one in OUTCOMES}) == len(OUTCOMES)
    assert all(0 <= one.exit_code <= 255 for one in OUTCOMES)
    assert all(one.meaning.endswith(".") and one.next_step.endswith(".") for one in OUTCOMES)
    assert BY_CODE[Code.OK].exit_code == 0
    assert BY_CODE[Code.ENVIRONMENT].exit_code == 3


def test_every_class_that_is_listed_is_there() -> None:
    for told in _BY_CLASS:
        module, _, name = told.rpartition(".")
        kind = getattr(importlib.import_module(module), name)
        assert f"{kind.__module__}.{kind.__qualname__}" == told


def test_every_error_of_ours_is_listed_or_ends_by_its_descent() -> None:
    listed = {told.rpartition(".")[2] for told in _BY_CLASS}
    assert _own_errors() - listed == BY_DESCENT


@pytest.mark.parametrize("told", sorted(_BY_CLASS))
def test_an_error_that_only_its_text_is_known_of_ends_the_same(told: str) -> None:
    name = told.removeprefix("builtins.")
    assert code_told(f"{name}: what happened\n") == _BY_CLASS[told]


def test_a_wrapper_ends_as_what_it_wraps_and_the_rest_is_internal() -> None:
    try:
        try:
            raise OSError(28, "No space left on device")
        except OSError as error:
            raise RuntimeError("a library's own words") from error
    except RuntimeError as wrapped:
        assert code_of(wrapped) == Code.DISK_FULL
    assert code_of(ZeroDivisionError()) == Code.INTERNAL
    assert code_told("ZeroDivisionError: division by zero") is None
