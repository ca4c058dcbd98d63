"""A file that holds one secret, such as an address with its password, and that nobody else may read."""

from __future__ import annotations

import stat
from pathlib import Path

from orchestration.outcomes import ConfigurationError

# A file that everybody may read, or that the group may write, keeps no secret.
_TOO_OPEN = stat.S_IRWXO | stat.S_IWGRP
_MOST_BYTES = 10_000


def read_secret(path: Path, setting: str) -> str:
    """Return what the file holds, without the blanks around it; `setting` is what names it in messages.

    Raises `ConfigurationError`, which never repeats the content, when it is no file, cannot be read, or
    others may read it.
    """
    try:
        found = path.stat()
        if not stat.S_ISREG(found.st_mode):
            raise ConfigurationError(f"{setting}: {path} is not a file; name the one that holds the secret")
        if found.st_mode & _TOO_OPEN:
            raise ConfigurationError(
                f"{setting}: {path} can be read by others; let the service alone have it: chmod 600 {path}"
            )
        with path.open(encoding="utf-8") as file:
            return file.read(_MOST_BYTES).strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise ConfigurationError(
            f"{setting}: {path} cannot be read ({reason}); write the secret into it and give it to the user "
            "who runs Stockplan"
        ) from None
