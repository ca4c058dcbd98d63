"""Every write, flush, rename and commit stands between two crash points, and every point is a real one."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass

from orchestration.crash_points import CRASH_POINTS
from orchestration.settings import PROJECT_ROOT

ROOM = PROJECT_ROOT / "orchestration"
# What writes without crash points, each with the reason: whole modules, and "module:function".
EXEMPT = {
    "contracts/rendering.py": "writes source files of the project, on a developer's machine",
    "evidence/lineage/__main__.py": "writes source files of the project, on a developer's machine",
    "ims/generator/writer.py": "writes a made-up source aside, which takes its name when it is whole",
    "cli/diagnosis.py:_home": "a probe, removed at once",
    "cli/opened.py:_copied": "a copy for the caller of a file that stays where it is",
    "evidence/lineage/openlineage.py:write_run_events": "told again from Dagster's history",
    "evidence/releases/reproduction.py:cut_ledger": "writes into a scratch folder that is thrown away",
    "lake/locks.py:day_lock": "says who holds a lock, for as long as it is held",
    "lake/sealing.py:_sealing_alone": "opens an empty file to lock it",
    "publish/release.py:publishing_alone": "opens an empty file to lock it",
    "publish/spreadsheet_text.py:write": "fills the sibling of `write_file`, between whose points it is",
    "publish/serving/checking_roles.py:check_roles": "a transaction that reads",
    "publish/serving/logins.py:admit": "one transaction of an administrator, who sees whether it was done",
    "publish/serving/logins.py:remove": "one transaction of an administrator, who sees whether it was done",
    "publish/serving/audit.py:compare_audit": "a transaction that reads",
    "upkeep/alerts.py:_append": "told to people; a line that nobody can read is passed over",
    "upkeep/alerts.py:forget_alerts": "told to people; a line that nobody can read is passed over",
}
_OPENED_FOR_WRITING = re.compile(r"[wax+]")


@dataclass(frozen=True)
class Site:
    """One call that changes what is kept, in one function of one module."""

    module: str
    function: str
    line: int
    what: str

    def __str__(self) -> str:
        return f"{self.module}:{self.line} {self.function}: {self.what}"


def test_every_site_stands_between_crash_points() -> None:
    bare, excused = [], set()
    for module, function in _functions():
        points = [line for line, _ in _reached(function)]
        for site in _sites(module, function):
            names = {module, f"{module}:{function.name}"} & set(EXEMPT)
            excused |= names
            if not names and not _stands_between(site, points):
                bare.append(site)
    assert not bare, "without a crash point before and after:\n" + "\n".join(map(str, bare))
    assert excused == set(EXEMPT), "exempt, and writes nothing"


def _stands_between(site: Site, points: list[int]) -> bool:
    """Whether points stand on both sides; of a transaction one while it is open, one when it is done."""
    if site.what.endswith(".transaction()"):
        return sum(line > site.line for line in points) >= 2
    return min(points, default=site.line) < site.line < max(points, default=site.line)


def test_every_crash_point_is_declared_and_reached_at_one_place() -> None:
    reached: dict[str, list[str]] = {}
    for module, function in _functions():
        for line, name in _reached(function):
            reached.setdefault(name, []).append(f"{module}:{line}")
    assert set(reached) == set(CRASH_POINTS)
    assert {name: places for name, places in reached.items() if len(places) > 1} == {}


def test_the_search_finds_each_kind_of_site() -> None:
    code = (
        "def f(path, connection, table):\n"
        "    os.replace(a, b)\n"
        "    path.replace(b)\n"
        "    aside.rename(b)\n"
        "    os.fsync(3)\n"
        "    os.ftruncate(3, 0)\n"
        "    connection.commit()\n"
        "    connection.execute('commit')\n"
        "    path.open('ab')\n"
        "    open(path, 'w')\n"
        "    path.write_text('x')\n"
        "    shutil.copyfile(a, b)\n"
        "    shutil.move(a, b)\n"
        "    text.replace('a', 'b')\n"
        "    path.open()\n"
        "    with connection.transaction():\n"
        "        pass\n"
    )
    function = ast.parse(code).body[0]
    assert isinstance(function, ast.FunctionDef)
    assert [site.line for site in _sites("x.py", function)] == [2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 16]


def _functions() -> Iterator[tuple[str, ast.FunctionDef]]:
    for path in sorted(ROOM.rglob("*.py")):
        module = path.relative_to(ROOM).as_posix()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef):
                yield module, node


def _reached(function: ast.FunctionDef) -> list[tuple[int, str]]:
    return [
        (node.lineno, node.args[0].value)
        for node in _calls(function)
        if isinstance(node.func, ast.Name)
        and node.func.id == "reach"
        and isinstance(node.args[0], ast.Constant)
    ]


def _sites(module: str, function: ast.FunctionDef) -> list[Site]:
    # What a lambda does is done by the one that it is handed to: `write_file`.
    handed = {id(node) for one in ast.walk(function) if isinstance(one, ast.Lambda) for node in ast.walk(one)}
    return [
        Site(module, function.name, node.lineno, ast.unparse(node)[:80])
        for node in _calls(function)
        if id(node) not in handed and _is_site(node)
    ]


def _calls(function: ast.FunctionDef) -> list[ast.Call]:
    """Calls of the function itself, not of functions inside it, by line."""
    inner = {
        id(node)
        for one in ast.walk(function)
        if isinstance(one, ast.FunctionDef) and one is not function
        for node in ast.walk(one)
    }
    calls = [node for node in ast.walk(function) if isinstance(node, ast.Call) and id(node) not in inner]
    return sorted(calls, key=lambda node: node.lineno)


def _is_site(call: ast.Call) -> bool:
    name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    owner = ast.unparse(call.func.value) if isinstance(call.func, ast.Attribute) else ""
    texts = [one.value for one in call.args if isinstance(one, ast.Constant) and isinstance(one.value, str)]
    if owner == "os":
        return name in {"replace", "rename", "fsync", "ftruncate", "link"}
    if owner == "shutil":
        return name in {"copyfile", "copy", "copy2", "move"}
    if name in {"replace", "rename"}:
        # A path's takes one path; a text's takes two texts, a frame's or series' takes names.
        return len(call.args) == 1 and not call.keywords and not texts
    if name in {"commit", "transaction", "write_text", "write_bytes", "write_table"} and owner:
        return True
    if name == "execute":
        return texts[:1] == ["commit"]
    if name == "open":
        return any(len(mode) <= 3 and _OPENED_FOR_WRITING.search(mode) for mode in texts)
    return False
