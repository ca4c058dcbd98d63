"""A secret's file is read when it is one and nobody else may read it; messages never repeat it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from orchestration.outcomes import ConfigurationError
from orchestration.secret_file import read_secret

CANARY = "CANARY-7f3a"


def _file(folder: Path, mode: int) -> Path:
    path = folder / "secret"
    path.write_text(f"{CANARY}\n")
    path.chmod(mode)
    return path


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o400])
def test_a_file_of_the_service_alone_is_read(tmp_path: Path, mode: int) -> None:
    assert read_secret(_file(tmp_path, mode), "serving.url_file") == CANARY


@pytest.mark.parametrize("mode", [0o644, 0o660, 0o604, 0o602])
def test_a_file_that_others_may_read_is_refused(tmp_path: Path, mode: int) -> None:
    with pytest.raises(ConfigurationError, match=r"serving.url_file: .* chmod 600") as told:
        read_secret(_file(tmp_path, mode), "serving.url_file")
    assert CANARY not in str(told.value)


def test_what_is_no_file_or_no_text_is_refused_at_once(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe, 0o600)
    binary = tmp_path / "binary"
    binary.write_bytes(b"\xff\xfe")
    binary.chmod(0o600)
    for path, reason in ((pipe, "not a file"), (binary, "not UTF-8"), (tmp_path / "none", "No such file")):
        with pytest.raises(ConfigurationError, match=reason):
            read_secret(path, "alerts.webhook_url_file")
