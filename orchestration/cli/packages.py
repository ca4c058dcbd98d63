"""Whether the packages that are installed are those of the lock, told before a day is begun."""

from __future__ import annotations

import re
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from orchestration.outcomes import UnfitEnvironmentError
from orchestration.settings import PROJECT_ROOT

LOCK = PROJECT_ROOT / "requirements.lock"
_PIN = re.compile(r"^([A-Za-z0-9._-]+)(?:\[[^\]]*\])?==([^ ;\\]+)")


def pinned_packages(lock: Path) -> dict[str, str]:
    """Return name and version of every package that the lock pins; none where there is no lock."""
    if not lock.exists():
        return {}
    lines = lock.read_text(encoding="utf-8").splitlines()
    return {match[1]: match[2] for line in lines if (match := _PIN.match(line))}


def wrong_packages(lock: Path) -> list[str]:
    """Name every package that is missing or of another version, with what was found and what is pinned."""
    wrong = []
    for name, pinned in pinned_packages(lock).items():
        try:
            found = version(name)
        except PackageNotFoundError:
            found = "missing"
        if found != pinned:
            wrong.append(f"{name} {found}, pinned {pinned}")
    return wrong


def require_packages(lock: Path = LOCK) -> None:
    """Raise `UnfitEnvironmentError` when a package is missing or of another version."""
    if wrong := wrong_packages(lock):
        raise UnfitEnvironmentError(
            f"{len(wrong)} packages are not as pinned: {'; '.join(wrong[:5])}. Nothing was begun; install "
            "them with: make setup"
        )
