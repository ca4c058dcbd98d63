"""What the source may not contain: pickles, objects from YAML, shells, SQL with values or names pasted in."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("orchestration", "optimization", "scripts")

# Modules that make objects of bytes, and so run what the bytes say.
OBJECT_MAKERS = {"pickle", "cPickle", "_pickle", "cloudpickle", "dill", "joblib", "shelve", "marshal"}
# Functions that do the same, whatever module they are of.
OBJECT_CALLS = {"read_pickle", "to_pickle", "unsafe_load", "full_load", "load_all", "eval", "exec", "compile"}
# Modules that reach other machines, and the one place of each.
NETWORK = {"requests", "httpx", "aiohttp", "urllib.request", "http.client", "smtplib", "ftplib", "socket"}
MAY_REACH = {
    # The alert that an operator asked for, to the address that the operator set.
    "orchestration/upkeep/alerts.py": {"httpx", "requests", "urllib.request", "http.client"},
    # The machine's own name.
    "orchestration/processes.py": {"socket"},
    # To close the connection that psycopg opened, from another thread.
    "orchestration/postgres/connection.py": {"socket"},
}
# Files that Stockplan or its operator wrote: nobody else's text.
OWN_YAML = {
    "orchestration/cli/diagnosis_service.py",
    "orchestration/upkeep/dagster_home.py",
    "orchestration/ims/drafting.py",
    "orchestration/bounded_yaml.py",
}

# Functions whose SQL is put together, each with what makes it safe. Values are bound everywhere.
PUT_TOGETHER = {
    # Names through `quoted`.
    "orchestration/publish/doors.py:_build_database",
    # The condition is the user's own, on a connection that reaches that one table and nothing else.
    "orchestration/cli/inspect.py:show",
    # Names of the contract's columns, and conditions written in the same module.
    "orchestration/evidence/allocation/supply_audit.py:_asked",
    # Names from the catalogue of the very database, in quotes; whole numbers.
    "orchestration/evidence/trace/between.py:mart_steps",
    "orchestration/evidence/trace/between.py:_mart_rows",
    # Two literals of the module; conditions of `one_of`, which quotes names and binds values.
    "orchestration/evidence/trace/rows.py:widened",
    "orchestration/evidence/trace/rows.py:find_rows",
    # Names through `quoted`.
    "orchestration/evidence/releases/table_changes.py:_identifies",
    "orchestration/evidence/releases/table_changes.py:only",
    "orchestration/evidence/releases/table_changes.py:_by_key",
    "orchestration/evidence/releases/table_changes.py:_top",
    "orchestration/evidence/releases/table_changes.py:_keys",
    # Repairs told to people; nothing of it is run.
    "orchestration/publish/serving/read_back.py:_changed",
    "orchestration/publish/serving/checking_roles.py:_relations",
    "orchestration/publish/serving/checking_roles.py:_roles",
    # Paths through `_as_literal`, before anything from outside is asked.
    "orchestration/closed_duckdb.py:closed_duckdb",
}
_SQL = re.compile(
    r"\b(select\b.*\b(from|as|count)\b|insert\s+into|delete\s+from|update\s+\S+\s+set|drop\s+(table|view|schema"
    r"|role)|alter\s+(table|role|view)|create\s+(or\s+replace\s+)?(temp\s+)?(table|view|schema|role|function)"
    r"|attach\s+'|copy\s+\S+\s+(from|to)\b|truncate\s+table)|^\s*(grant\s+\w+\s+(on|to)|set\s+(local\s+)?\w+\s*=)",
    re.IGNORECASE | re.DOTALL,
)


@cache
def _modules() -> tuple[tuple[str, ast.Module], ...]:
    found = []
    for room in ROOMS:
        for path in sorted((ROOT / room).rglob("*.py")):
            name = path.relative_to(ROOT).as_posix()
            found.append((name, ast.parse(path.read_text(encoding="utf-8"), name)))
    return tuple(found)


def _imports(tree: ast.Module) -> Iterator[tuple[str, int]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module, node.lineno
            yield from ((f"{node.module}.{alias.name}", node.lineno) for alias in node.names)


def _calls(tree: ast.Module) -> Iterator[tuple[str, ast.Call]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield ast.unparse(node.func), node


def faults_of(name: str, tree: ast.Module) -> list[str]:
    """Everything that a module may not contain, SQL apart."""
    faults = []
    for module, line in _imports(tree):
        if module.split(".")[0] in OBJECT_MAKERS:
            faults.append(f"{name}:{line}: {module} makes objects of bytes; use Parquet or JSON")
        if module in NETWORK and module not in MAY_REACH.get(name, set()):
            faults.append(f"{name}:{line}: {module} reaches other machines")
    for function, call in _calls(tree):
        last = function.rsplit(".", 1)[-1]
        keywords = {one.arg: one.value for one in call.keywords}
        said = f"{name}:{call.lineno}: {function}"
        if last in OBJECT_CALLS and function not in ("re.compile",):
            faults.append(f"{said} runs what it is given")
        if function == "yaml.load" or (function.startswith("yaml.safe_load") and name not in OWN_YAML):
            faults.append(f"{said}: read YAML with orchestration.bounded_yaml")
        if function == "duckdb.connect" and name != "orchestration/closed_duckdb.py":
            faults.append(f"{said}: open it with orchestration.closed_duckdb")
        if function in ("os.system", "os.popen", "subprocess.getoutput", "subprocess.getstatusoutput"):
            faults.append(f"{said} asks a shell")
        for flag in ("shell", "allow_pickle"):
            if flag in keywords and getattr(keywords[flag], "value", True) is not False:
                faults.append(f"{said}({flag}=…)")
    return faults


def sql_faults_of(name: str, tree: ast.Module) -> list[str]:
    """Functions in which SQL is put together from parts that are no literals."""
    faults = set()

    def visit(node: ast.AST, function: str) -> None:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            function = node.name
        if _is_put_together(node):
            faults.add(f"{name}:{function}")
        for child in ast.iter_child_nodes(node):
            visit(child, function)

    visit(tree, "")
    return sorted(faults)


def _is_put_together(node: ast.AST) -> bool:
    """Whether a text that reads as SQL has something else than literals in it."""
    if isinstance(node, ast.JoinedStr):
        parts = [part.value if isinstance(part, ast.Constant) else "x" for part in node.values]
        return any(isinstance(part, ast.FormattedValue) for part in node.values) and bool(
            _SQL.search("".join(map(str, parts)))
        )
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mod | ast.Add):
        texts = [
            side.value
            for side in (node.left, node.right)
            if isinstance(side, ast.Constant) and isinstance(side.value, str)
        ]
        return len(texts) == 1 and bool(_SQL.search(texts[0]))
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "format":
        held = node.func.value
        # psycopg's SQL("… {}").format(Identifier(…)) quotes what it is given; a plain text does not.
        return isinstance(held, ast.Constant) and bool(_SQL.search(str(held.value)))
    return False


def test_no_module_makes_objects_of_bytes_or_asks_a_shell():
    assert [fault for name, tree in _modules() for fault in faults_of(name, tree)] == []


def test_sql_is_put_together_where_it_is_declared_safe_and_nowhere_else():
    found = {fault for name, tree in _modules() for fault in sql_faults_of(name, tree)}
    assert sorted(found - PUT_TOGETHER) == []
    assert sorted(PUT_TOGETHER - found) == []


@pytest.mark.parametrize(
    "source",
    [
        "import pickle",
        "from joblib import load",
        "import pandas as pd\npd.read_pickle('x')",
        "import numpy as np\nnp.load('x', allow_pickle=True)",
        "import yaml\nyaml.load('x', yaml.Loader)",
        "import yaml\nyaml.safe_load('x')",
        "import subprocess\nsubprocess.run('ls', shell=True)",
        "import os\nos.system('ls')",
        "eval('1')",
        "import requests",
        "import urllib.request",
        "import duckdb\nduckdb.connect()",
    ],
)
def test_the_rules_see_what_they_forbid(source: str):
    assert faults_of("orchestration/x.py", ast.parse(source))


@pytest.mark.parametrize(
    "source",
    [
        "def f(c, x): c.execute(f'select * from {x}')",
        "def f(c, x): c.execute('select * from t where a = ' + x)",
        "def f(c, x): c.execute('delete from t where a = %s' % x)",
        "def f(c, x): c.execute('drop table {}'.format(x))",
        "def f(c, x): c.execute(f'insert into t values ({x})')",
        "def f(c, x): c.execute(f'set role = {x}')",
        "def f(c, x): c.execute(f'grant select on {x} to public')",
    ],
)
def test_the_rules_see_sql_that_is_put_together(source: str):
    assert sql_faults_of("orchestration/x.py", ast.parse(source)) == ["orchestration/x.py:f"]


def test_the_rules_let_bound_values_and_quoted_names_pass():
    source = (
        "def f(c, x):\n"
        "    c.execute('select * from t where a = ?', [x])\n"
        "    c.execute(sql.SQL('drop table {}').format(sql.Identifier(x)))\n"
        "    raise ValueError(f'{x} is selected from the list')\n"
    )
    assert sql_faults_of("orchestration/x.py", ast.parse(source)) == []
