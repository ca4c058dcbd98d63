"""Where a database is: its address from the environment or a file, and how it is kept out of every text.

An address holds a password. It is passed on as a `SecretStr`, and no message tells more of it than
host, port and name of the database.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import psycopg
from psycopg.conninfo import conninfo_to_dict
from pydantic import SecretStr

from orchestration.outcomes import ConfigurationError
from orchestration.production_settings import Address
from orchestration.secret_file import read_secret

_HIDDEN = "***"
_IN_URL = re.compile(r"(\bpostgres(?:ql)?://[^:/@\s]*:)[^\s/]*@", re.IGNORECASE)
_AS_PAIR = re.compile(r"\b(password\s*=\s*)('(?:[^'\\]|\\.)*'|[^\s&'\"]+)", re.IGNORECASE)


class AddressError(ConfigurationError):
    """An address is not told, cannot be read, or is none; the message never holds it."""


def resolve(address: Address, setting: str) -> SecretStr:
    """Return the address of a database as libpq takes it, a URL or `host=… dbname=…`.

    `setting` names the section in messages: `source.postgres`, `serving`. A password may be missing:
    libpq then looks into PGPASSFILE. Raises `AddressError` when neither `url` nor `url_file` is set, the
    file cannot be read or others may read it, or what it holds is no address.
    """
    variable = f"STOCKPLAN_{setting.replace('.', '__').upper()}__URL"
    if address.url is not None:
        told, where = address.url.get_secret_value(), variable
    elif address.url_file is not None:
        told, where = _from_file(address.url_file, setting), f"the file {address.url_file}"
    else:
        raise AddressError(
            f"{setting} has no address; name a file that holds it as {setting}.url_file in "
            f"stockplan.yaml, or set {variable}"
        )
    try:
        parts = conninfo_to_dict(told.strip())
    except psycopg.Error:
        parts = {}
    if not parts or _is_misread(told.strip(), parts):
        # The cause would repeat the address, so it is left out.
        raise AddressError(
            f"{where} holds no address of a database; write it as "
            "postgresql://USER:PASSWORD@HOST:PORT/DATABASE, special characters as %XX"
        )
    return SecretStr(told.strip())


def place(url: SecretStr) -> str:
    """Name the database that an address leads to, without user and password.

    >>> place(SecretStr("postgresql://ann:secret@db.example:5433/ims"))
    "database 'ims' at db.example:5433"
    """
    parts = conninfo_to_dict(url.get_secret_value())
    host = parts.get("host") or parts.get("hostaddr") or "the local socket"
    name = parts.get("dbname") or parts.get("user") or "postgres"
    return f"database {name!r} at {host}:{parts.get('port') or 5432}"


def redact(text: str, url: SecretStr | None = None) -> str:
    """Return `text` without passwords of addresses in it, and without the password of `url`.

    >>> redact("cannot reach postgresql://ann:secret@db/ims, password=secret")
    'cannot reach postgresql://ann:***@db/ims, password=***'
    """
    text = _AS_PAIR.sub(rf"\g<1>{_HIDDEN}", _IN_URL.sub(rf"\g<1>{_HIDDEN}@", text))
    if url is not None:
        whole = url.get_secret_value()
        for secret in (whole, conninfo_to_dict(whole).get("password")):
            if secret:
                text = text.replace(str(secret), _HIDDEN)
    return text


def _is_misread(told: str, parts: dict[str, Any]) -> bool:
    """Whether a sign of the password ended it early, so that its rest would be told as host or database."""
    if "://" not in told:
        return False
    host, port, name = (str(parts.get(key) or "") for key in ("host", "port", "dbname"))
    # `@` begins a socket's name without a file; of a database's name it is written %40.
    return (
        "@" in host[1:]
        or not re.fullmatch(r"[\d,]*", port)
        or name.count("@") > told.partition("?")[0].count("%40")
    )


def _from_file(path: Path, setting: str) -> str:
    try:
        return read_secret(path, f"{setting}.url_file")
    except ConfigurationError as error:
        raise AddressError(str(error)) from None
