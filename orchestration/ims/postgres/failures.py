"""What a failure of the source's database means for a day: which error it is, and what to do next."""

from __future__ import annotations

from orchestration.ims.connector import SnapshotUnreadableError, SourceError, SourceSettingsError
from orchestration.postgres.connection import DatabaseAccessError, DatabaseError

# Tables or columns that are not there, or not of the type that is needed.
_UNREADABLE = ("42P01", "42703", "42704", "42883", "42804", "3F000", "0A000", "22P02")
_CANCELLED = "57014"
_PASSWORD_WORDS = ("authentication failed", "no password")


class SourceAccessError(SourceError):
    """The source does not let our login in, or does not let it read what is mapped."""


def source_error(error: DatabaseError, budget_seconds: int) -> SourceError:
    """Return what is raised in place of `error`, with the next step."""
    if error.is_passing:
        return SourceError(
            f"{error}. It was tried again for {budget_seconds} seconds "
            "(source.postgres.retry_budget_seconds) and nothing was sealed; bring the source back, then run "
            "the date again"
        )
    if error.sqlstate == _CANCELLED:
        return SourceError(
            f"{error}. Nothing was sealed; find out what slows the source, or raise "
            "source.postgres.statement_timeout_seconds, then run the date again"
        )
    if any(word in str(error) for word in _PASSWORD_WORDS):
        return SourceAccessError(
            f"{error}. Correct the password in the address of source.postgres (special characters as %XX), "
            "or the login at the source; then run the date again"
        )
    if isinstance(error, DatabaseAccessError):
        return SourceAccessError(
            f"{error}. Give the login of source.postgres the right to connect, usage on the schema and "
            "select on the tables of the mapping, all rows of them; then run the date again"
        )
    if error.sqlstate in _UNREADABLE:
        return SnapshotUnreadableError(f"{error}. Correct the mapping or the source, then run the date again")
    if error.sqlstate is None:
        return SourceSettingsError(f"{error}. Correct the address of source.postgres")
    return SourceError(f"{error}. Repair it at the source, then run the date again")
