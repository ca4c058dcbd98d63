"""Every way a command or a day can end: a closed list of reason codes, each with its exit code.

A new way to fail is one entry in `OUTCOMES`; a new class of errors is one entry in `_ERRORS`. Classes stand
there by name, so that the list needs none of the rooms that raise them, and can be asked about an error of
which only the text came over from another process. `docs/operations.md` shows the table.

Exit codes by tens: 1-9 the caller, 10-19 the source, 20-29 the machine, 30-39 the calculation and its
checks, 40-49 what was kept, 50-59 what follows a release, 70 a fault of Stockplan itself.
"""

from __future__ import annotations

import errno
import os
import re
from dataclasses import dataclass
from enum import StrEnum

from optimization.errors import StockplanError


class Code(StrEnum):
    """The reason codes."""

    OK = "OK"
    REQUEST_REFUSED = "REQUEST_REFUSED"
    USAGE = "USAGE"
    ENVIRONMENT = "ENVIRONMENT"
    CONFIGURATION = "CONFIGURATION"
    ACCESS_REFUSED = "ACCESS_REFUSED"
    SOURCE_UNAVAILABLE = "SOURCE_UNAVAILABLE"
    SNAPSHOT_MISSING = "SNAPSHOT_MISSING"
    SNAPSHOT_UNREADABLE = "SNAPSHOT_UNREADABLE"
    SNAPSHOT_REFUSED = "SNAPSHOT_REFUSED"
    HISTORY_GAP = "HISTORY_GAP"
    ALREADY_RUNNING = "ALREADY_RUNNING"
    DISK_FULL = "DISK_FULL"
    STORAGE_DENIED = "STORAGE_DENIED"
    STORAGE_FAULT = "STORAGE_FAULT"
    OUT_OF_MEMORY = "OUT_OF_MEMORY"
    TIMED_OUT = "TIMED_OUT"
    WORKER_LOST = "WORKER_LOST"
    RUN_STORAGE_UNAVAILABLE = "RUN_STORAGE_UNAVAILABLE"
    GATE_REFUSED = "GATE_REFUSED"
    CHECK_FAILED = "CHECK_FAILED"
    CONTRACT_BROKEN = "CONTRACT_BROKEN"
    NO_PLAN = "NO_PLAN"
    PLAN_REFUSED = "PLAN_REFUSED"
    MODELS_FAILED = "MODELS_FAILED"
    ITEMS_LOST = "ITEMS_LOST"
    LEDGER_BROKEN = "LEDGER_BROKEN"
    SEALED_FILE_CHANGED = "SEALED_FILE_CHANGED"
    RELEASE_BROKEN = "RELEASE_BROKEN"
    FILE_DAMAGED = "FILE_DAMAGED"
    SERVING_LAGS = "SERVING_LAGS"
    OPENED_LAGS = "OPENED_LAGS"
    RELEASE_LATE = "RELEASE_LATE"
    INTERNAL = "INTERNAL"
    CANCELLED = "CANCELLED"


@dataclass(frozen=True)
class Outcome:
    """One way to end: what it means, and what whoever reads it does next."""

    code: Code
    exit_code: int
    meaning: str
    next_step: str


OUTCOMES: tuple[Outcome, ...] = (
    Outcome(Code.OK, 0, "All that was asked for is done.", "Nothing."),
    Outcome(
        Code.REQUEST_REFUSED,
        1,
        "What was asked for cannot be done as it was asked, or a check that was asked for found something.",
        "Read the message; nothing was written that it does not name.",
    ),
    Outcome(Code.USAGE, 2, "The command was written wrongly.", "Add --help to see how it is written."),
    Outcome(
        Code.ENVIRONMENT,
        3,
        "A package or file of the installation is missing or not the pinned one.",
        "Run stockplan doctor, then make setup.",
    ),
    Outcome(
        Code.CONFIGURATION,
        4,
        "A setting, the mapping or a secret's file cannot be used.",
        "Correct stockplan.yaml, the mapping or the environment as the message says; then stockplan doctor.",
    ),
    Outcome(
        Code.ACCESS_REFUSED,
        5,
        "The database does not let this login do what was asked.",
        "Ask the owner of the database for the role, or use another login.",
    ),
    Outcome(
        Code.SOURCE_UNAVAILABLE,
        10,
        "The source does not answer, or broke off, until the time allowed for trying again was over.",
        "Bring the source back and run the date again; the last release stays current until then.",
    ),
    Outcome(
        Code.SNAPSHOT_MISSING,
        11,
        "The source has no snapshot of the business date.",
        "Deliver the snapshot, or name a date that the source has.",
    ),
    Outcome(
        Code.SNAPSHOT_UNREADABLE,
        12,
        "A file or table of the delivery cannot be read at all.",
        "Deliver what the message names again, whole and in the format that the mapping states.",
    ),
    Outcome(
        Code.SNAPSHOT_REFUSED,
        13,
        "The delivery could be read and is too bad or too short to be used.",
        "Repair the rows listed with the refusal and deliver again; a loss of rows can be accepted with "
        "--accept-row-loss.",
    ),
    Outcome(
        Code.HISTORY_GAP,
        14,
        "The sealed snapshots do not hold what a run of this date needs.",
        "Seal the date that the message names, then run this one again.",
    ),
    Outcome(
        Code.ALREADY_RUNNING,
        20,
        "Another process works on the same business date.",
        "Wait until the process that the message names has ended; nothing has to be repaired.",
    ),
    Outcome(
        Code.DISK_FULL,
        21,
        "The disk, a quota or a limit of file size leaves no room.",
        "Free the space that the message names (build/ may be deleted, stockplan retention removes what is "
        "old), then run the date again.",
    ),
    Outcome(
        Code.STORAGE_DENIED,
        22,
        "A file or folder may not be read or written.",
        "Give the service's user the right to what the message names, then run the date again.",
    ),
    Outcome(
        Code.STORAGE_FAULT,
        23,
        "The disk did not do what it was asked, or something lies where a file of Stockplan's belongs.",
        "Look at the disk and at what the message names, then run the date again.",
    ),
    Outcome(
        Code.OUT_OF_MEMORY,
        24,
        "The memory allowed did not suffice.",
        "Allow more memory or fewer workers (execution in stockplan.yaml), then run the date again.",
    ),
    Outcome(
        Code.TIMED_OUT,
        25,
        "A step took longer than it may.",
        "Look at what the machine was busy with, then run the date again.",
    ),
    Outcome(
        Code.WORKER_LOST,
        26,
        "The process that did the work died.",
        "Run the date again; nothing that was published is touched.",
    ),
    Outcome(
        Code.RUN_STORAGE_UNAVAILABLE,
        27,
        "The database in which Dagster keeps its runs does not answer.",
        "Bring it back, then run the date again.",
    ),
    Outcome(
        Code.GATE_REFUSED,
        30,
        "A check that gates the publication failed, or was not made.",
        "Repair what each check names and run the whole job for the date again; the last release stays.",
    ),
    Outcome(
        Code.CHECK_FAILED,
        31,
        "A check between two steps failed and stopped the day.",
        "Repair what the check names and run the date again.",
    ),
    Outcome(
        Code.CONTRACT_BROKEN,
        32,
        "A table does not keep its contract, or holds numbers that are none.",
        "Repair the producer that the message names; if the delivery is right, report it.",
    ),
    Outcome(
        Code.NO_PLAN,
        33,
        "A solver ended without a plan that may be used.",
        "Read which part of the model the message names; run the date again with more time or other bounds.",
    ),
    Outcome(
        Code.PLAN_REFUSED,
        34,
        "A solver's plan failed the independent audit.",
        "Keep the last release and report the message with the release's bundle.",
    ),
    Outcome(
        Code.MODELS_FAILED,
        35,
        "dbt could not build the models.",
        "Read what dbt says under the message; the work file of the date may be deleted.",
    ),
    Outcome(
        Code.ITEMS_LOST,
        36,
        "More items failed in the calculation than single bad items would explain.",
        "Read the first failures that the message names; the machine, the data or the code is at fault.",
    ),
    Outcome(
        Code.LEDGER_BROKEN,
        40,
        "The ledger was edited, cut or damaged.",
        "Run stockplan audit verify and restore the ledger from a copy; nothing is written to it until then.",
    ),
    Outcome(
        Code.SEALED_FILE_CHANGED,
        41,
        "A sealed file is not what was sealed, or is gone.",
        "Restore the file that the message names from a copy, or seal the date again.",
    ),
    Outcome(
        Code.RELEASE_BROKEN,
        42,
        "A release, its manifest or the pointer to it is not what was written, or cannot be read.",
        "Restore the release from a copy as the message says; running any date mends pointer and doors.",
    ),
    Outcome(
        Code.FILE_DAMAGED,
        43,
        "A file that Stockplan wrote cannot be read any more.",
        "Restore the file that the message names from a copy; what lies under build/ is made again.",
    ),
    Outcome(
        Code.SERVING_LAGS,
        50,
        "The release is published in files, and its serving in PostgreSQL is not.",
        "Bring the database back and write it again: stockplan serving --release ID.",
    ),
    Outcome(
        Code.OPENED_LAGS,
        51,
        "The release is published, and its workbook, its report or a door to it could not be written.",
        "Repair the cause; write workbook or report again with --release ID, doors follow with the next run.",
    ),
    Outcome(
        Code.RELEASE_LATE,
        52,
        "The time by which a release was due has passed, and there is none that is new enough.",
        "Look at the last runs and at whether the source has delivered; then stockplan run.",
    ),
    Outcome(
        Code.INTERNAL,
        70,
        "A fault of Stockplan itself.",
        "Report it with the traceback; the last release stays current.",
    ),
    Outcome(
        Code.CANCELLED,
        130,
        "Somebody stopped it.",
        "Run it again when it may go on; nothing has to be repaired.",
    ),
)
BY_CODE: dict[Code, Outcome] = {one.code: one for one in OUTCOMES}

# Per module the classes, ours and the libraries', with the code that an error of them ends in. A class that
# is not here ends as the nearest one that it descends from.
_ERRORS: dict[str, dict[str, Code]] = {
    "optimization.errors": {
        "StockplanError": Code.REQUEST_REFUSED,
        "ContractError": Code.CONTRACT_BROKEN,
        "NonFiniteInputError": Code.CONTRACT_BROKEN,
        "SolverError": Code.NO_PLAN,
        "AuditError": Code.PLAN_REFUSED,
    },
    "orchestration.outcomes": {
        "ConfigurationError": Code.CONFIGURATION,
        "UnfitEnvironmentError": Code.ENVIRONMENT,
    },
    "orchestration.project": {"DbtNotPreparedError": Code.ENVIRONMENT},
    "orchestration.dbt_build": {"DbtBuildError": Code.MODELS_FAILED},
    "orchestration.ims.connector": {
        "SourceError": Code.SOURCE_UNAVAILABLE,
        "SourceSettingsError": Code.CONFIGURATION,
        "SnapshotMissingError": Code.SNAPSHOT_MISSING,
        "SnapshotUnreadableError": Code.SNAPSHOT_UNREADABLE,
    },
    "orchestration.ims.postgres.failures": {"SourceAccessError": Code.ACCESS_REFUSED},
    "orchestration.lake.sealing": {"SnapshotRefused": Code.SNAPSHOT_REFUSED},
    "orchestration.lake.inputs": {"InputsError": Code.HISTORY_GAP},
    "orchestration.lake.sealed_files": {"SealedFileError": Code.SEALED_FILE_CHANGED},
    "orchestration.lake.events": {"LedgerBrokenError": Code.LEDGER_BROKEN},
    "orchestration.lake.locks": {"AlreadyRunningError": Code.ALREADY_RUNNING},
    "orchestration.lake.disk": {
        "StorageError": Code.STORAGE_FAULT,
        "DiskFullError": Code.DISK_FULL,
        "StorageDeniedError": Code.STORAGE_DENIED,
        "FileDamagedError": Code.FILE_DAMAGED,
    },
    "orchestration.postgres.connection": {
        "DatabaseError": Code.SERVING_LAGS,
        "DatabaseAccessError": Code.ACCESS_REFUSED,
    },
    "orchestration.upkeep.dagster_home": {"RunStorageError": Code.RUN_STORAGE_UNAVAILABLE},
    "orchestration.publish.serving.schema": {"ServingError": Code.SERVING_LAGS},
    "orchestration.isolation": {"ForemanLostError": Code.WORKER_LOST},
    "optimization.separable": {"TooManyLostError": Code.ITEMS_LOST},
    "orchestration.publish.gate": {"GateRefused": Code.GATE_REFUSED},
    "orchestration.publish.candidate": {"CandidateError": Code.CONTRACT_BROKEN},
    "orchestration.publish.release": {"DoorsLagError": Code.OPENED_LAGS},
    "orchestration.publish.shelf": {
        "ReleaseError": Code.REQUEST_REFUSED,
        "ReleaseBrokenError": Code.RELEASE_BROKEN,
        "ReleaseSettingsError": Code.CONFIGURATION,
    },
    "builtins": {
        "OSError": Code.STORAGE_FAULT,
        "TimeoutError": Code.TIMED_OUT,
        "MemoryError": Code.OUT_OF_MEMORY,
        "ImportError": Code.ENVIRONMENT,
        "KeyboardInterrupt": Code.CANCELLED,
    },
    "concurrent.futures.process": {"BrokenProcessPool": Code.WORKER_LOST},
    "subprocess": {"TimeoutExpired": Code.TIMED_OUT},
    "_duckdb": {
        "IOException": Code.STORAGE_FAULT,
        # A commit that could not be written, and a checkpoint that could not.
        "TransactionException": Code.STORAGE_FAULT,
        "FatalException": Code.STORAGE_FAULT,
        "OutOfMemoryException": Code.OUT_OF_MEMORY,
    },
    "pydantic_core._pydantic_core": {"ValidationError": Code.CONFIGURATION},
    "yaml.error": {"YAMLError": Code.CONFIGURATION},
    "sqlalchemy.exc": {"DatabaseError": Code.RUN_STORAGE_UNAVAILABLE},
    "dagster._core.errors": {
        "DagsterAssetCheckFailedError": Code.CHECK_FAILED,
        "DagsterExecutionInterruptedError": Code.CANCELLED,
    },
    "dagster._core.executor.child_process_executor": {"ChildProcessCrashException": Code.WORKER_LOST},
}
# Ends in which a release of the date stands all the same: nothing was refused.
STANDS_PUBLISHED = frozenset({Code.SERVING_LAGS, Code.OPENED_LAGS})
_BY_CLASS = {f"{module}.{name}": code for module, names in _ERRORS.items() for name, code in names.items()}
_BY_ERRNO = {
    **dict.fromkeys((errno.ENOSPC, errno.EDQUOT, errno.EFBIG), Code.DISK_FULL),
    **dict.fromkeys((errno.EACCES, errno.EPERM, errno.EROFS), Code.STORAGE_DENIED),
    errno.ENOMEM: Code.OUT_OF_MEMORY,
}
# How Python and Arrow tell an errno in a text; DuckDB, and dbt after it, tell the system's own words for it.
_ERRNO_TOLD = re.compile(r"\[errno (\d+)\]", re.IGNORECASE)
_WORDS_TOLD = {os.strerror(number): code for number, code in _BY_ERRNO.items()} | {
    "Out of Memory Error": Code.OUT_OF_MEMORY
}
# How a traceback's last line begins: the class, with its module unless it is a builtin.
_CLASS_TOLD = re.compile(r"([A-Za-z_][\w.]*)(?::|$)", re.MULTILINE)


class ConfigurationError(StockplanError):
    """A setting, the mapping or a file of secrets cannot be used; the message names it and what it may be."""


class UnfitEnvironmentError(StockplanError):
    """A package that the work needs is missing or another version; the message names both versions."""


def code_of(error: BaseException) -> Code:
    """Return how an error ends: by its own `code` if it carries one, by its class, or by its cause.

    An error of a class that nobody listed, as libraries wrap theirs in, ends as what it was raised from.

    >>> code_of(OSError(28, "No space left on device")), code_of(KeyError("x"))
    (<Code.DISK_FULL: 'DISK_FULL'>, <Code.INTERNAL: 'INTERNAL'>)
    """
    one: BaseException | None = error
    while one is not None:
        if isinstance(own := getattr(one, "code", None), Code):
            return own
        for kind in type(one).__mro__:
            if code := _BY_CLASS.get(f"{kind.__module__}.{kind.__qualname__}"):
                return _more_exactly(code, one.errno if isinstance(one, OSError) else None, str(one))
        one = one.__cause__
    return Code.INTERNAL


def code_told(text: str) -> Code | None:
    """Return how an error ends of which only the last line of its traceback is known; None when unlisted.

    >>> code_told("orchestration.publish.gate.GateRefused: the gate refused it"), code_told("KeyError: 'x'")
    (<Code.GATE_REFUSED: 'GATE_REFUSED'>, None)
    """
    told = _CLASS_TOLD.match(text.strip())
    if told is None:
        return None
    name = told[1] if "." in told[1] else f"builtins.{told[1]}"
    code = _BY_CLASS.get(name)
    if code is None and _ERRNO_TOLD.search(text):
        code = Code.STORAGE_FAULT
    return None if code is None else _more_exactly(code, None, text)


def exit_code_of(code: Code) -> int:
    """Return the exit code of a reason code."""
    return BY_CODE[code].exit_code


def _more_exactly(code: Code, number: int | None, text: str) -> Code:
    """What the system said is told more exactly than that the disk, or dbt, had a fault."""
    if code not in (Code.STORAGE_FAULT, Code.MODELS_FAILED):
        return code
    if number is None and (found := _ERRNO_TOLD.search(text)):
        number = int(found[1])
    if number in _BY_ERRNO:
        return _BY_ERRNO[number]
    return next((exact for words, exact in _WORDS_TOLD.items() if words in text), code)
