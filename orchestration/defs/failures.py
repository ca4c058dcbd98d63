"""How a run that failed ended: the reason code, read from what Dagster keeps of the error."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orchestration.outcomes import Code, code_told

if TYPE_CHECKING:
    from dagster_shared.error import SerializableErrorInfo


def failure_code(error: SerializableErrorInfo | None) -> Code:
    """Return the reason code of the outermost error that has one; Dagster's own wrappers have none."""
    while error is not None:
        if code := code_told(error.message):
            return code
        error = error.cause
    return Code.INTERNAL
