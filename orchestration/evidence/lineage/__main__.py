"""Write the reviewed files of lineage and formulas anew, or tell which of them is out of date.

python -m orchestration.evidence.lineage            writes both
python -m orchestration.evidence.lineage --check    exits 1 when one of them is out of date
"""

from __future__ import annotations

import argparse
import csv
import io
import json
import os
import sys
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from orchestration.evidence.lineage.columns import LINEAGE_FILE, Edge, derive
from orchestration.evidence.lineage.compiled_sql import compiled_project
from orchestration.evidence.lineage.declared import DECLARED_INPUTS
from orchestration.evidence.lineage.formulas import FORMULA_FILE, Formula, derive_formulas


def _as_csv(names: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(names)
    writer.writerows(rows)
    return text.getvalue()


def reviewed_files(manifest: Mapping[str, Any]) -> dict[Path, str]:
    """Return what the reviewed files, lineage and formulas, must hold for a compiled `manifest`."""
    project = compiled_project(manifest)
    formulas = derive_formulas(project, manifest, DECLARED_INPUTS)
    return {
        LINEAGE_FILE: _as_csv(Edge._fields, derive(project)),
        FORMULA_FILE: _as_csv(Formula._fields, formulas),
    }


def main() -> int:
    """Write or check the reviewed files."""
    parser = argparse.ArgumentParser(
        prog="python -m orchestration.evidence.lineage",
        description="Derive lineage and formulas from dbt's compiled SQL.",
    )
    parser.add_argument("--check", action="store_true", help="compare instead of writing")
    parser.add_argument("--manifest", type=Path, help="a compiled manifest.json; else dbt compiles one")
    arguments = parser.parse_args()
    manifest = json.loads(arguments.manifest.read_text()) if arguments.manifest else _compile()
    old = []
    for path, text in reviewed_files(manifest).items():
        if not arguments.check:
            path.write_text(text, encoding="utf-8")
        elif not path.exists() or path.read_text(encoding="utf-8") != text:
            old.append(path.name)
    if not old:
        return 0
    sys.stderr.write(
        f"out of date: {', '.join(old)}; run `python -m orchestration.evidence.lineage` and review the diff\n"
    )
    return 1


def _compile() -> Mapping[str, Any]:
    """Compile the project in process, in a throw-away folder, and return its manifest."""
    from dbt.cli.main import dbtRunner

    from orchestration.project import dbt_project

    folder = str(dbt_project.project_dir)
    with tempfile.TemporaryDirectory() as work:
        os.environ["STOCKPLAN_WORK"] = work
        flags = ["--project-dir", folder, "--profiles-dir", folder, "--target-path", work]
        done = dbtRunner().invoke(["--quiet", "--log-path", work, "compile", "--no-introspect", *flags])
        if not done.success:
            raise SystemExit(f"dbt compile failed: {done.exception or done.result}")
        manifest: dict[str, Any] = json.loads((Path(work) / "manifest.json").read_text(encoding="utf-8"))
        return manifest


if __name__ == "__main__":
    raise SystemExit(main())
