"""`make sbom`: every installed package as a CycloneDX file, held against what Python itself sees.

python -m scripts.sbom [FILE]      writes var/sbom.json; exit code 1 when the two differ
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from importlib.metadata import distributions
from pathlib import Path

DEFAULT = Path("var/sbom.json")


def plain_name(name: str) -> str:
    """Return a package's name as indexes write it.

    >>> plain_name("Typing_Extensions")
    'typing-extensions'
    """
    return re.sub(r"[-_.]+", "-", name).lower()


def installed() -> dict[str, str]:
    """Return {package: version} of this environment, as `pip freeze` tells it."""
    return {plain_name(one.metadata["Name"]): one.version for one in distributions()}


def listed(sbom: Path) -> dict[str, str]:
    """Return {package: version} of an SBOM."""
    content = json.loads(sbom.read_text(encoding="utf-8"))
    components = [*content["components"]]
    if own := content.get("metadata", {}).get("component"):
        components.append(own)
    return {plain_name(one["name"]): one.get("version", "") for one in components}


def write_sbom(path: Path) -> None:
    """Write the SBOM of this environment; the same packages give the same file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    subprocess.run(  # noqa: S603 - our own interpreter and arguments
        [
            *(sys.executable, "-m", "cyclonedx_py", "environment", sys.executable),
            *("--output-format", "JSON", "--output-reproducible", "--output-file", str(path)),
        ],
        check=True,
    )


def main() -> int:
    """Write the file and compare."""
    path = Path(sys.argv[1]) if len(sys.argv) > 1 else DEFAULT
    write_sbom(path)
    wanted, found = installed(), listed(path)
    differing = sorted(set(wanted.items()) ^ set(found.items()))
    for name, version in differing:
        print(f"{name} {version}: {'not in the SBOM' if name in wanted else 'not installed'}")  # noqa: T201
    print(f"{path}: {len(found)} packages, {len(differing)} differ from what is installed")  # noqa: T201
    return 1 if differing else 0


if __name__ == "__main__":
    sys.exit(main())
