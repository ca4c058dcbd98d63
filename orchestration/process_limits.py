"""What every process of Stockplan takes from itself before it does anything: nothing else belongs here."""

from __future__ import annotations

import os
import resource

# The service writes, its group reads, nobody else does either: releases hold costs and margins.
UMASK = 0o027
FILE_MODE, FOLDER_MODE, SEALED_MODE = 0o640, 0o750, 0o440


def limit_process() -> None:
    """Keep what is written from other users, and memory (addresses of databases in it) off the disk.

    Children inherit both.
    """
    os.umask(UMASK)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
