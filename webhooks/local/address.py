"""INBOX_URL where it names a database: a sentence for whatever is wrong with it, and never the password in it."""

import os
import re
import sqlite3
from pathlib import Path
from urllib.parse import urlsplit

from common.settings import SettingsError
from webhooks.inbox import InboxError
from webhooks.local.database import Database

FORMS = "sqlite:///path, postgresql://user:password@host/database, or the URL of a queue of SQS"
OLDEST = (3, 35)  # of SQLite: the first with RETURNING
SQLITE, POSTGRES = "sqlite:///", ("postgresql://", "postgres://")


def check_form(url: str) -> None:
    """Look at the text of the URL alone. Raises SettingsError."""
    found = re.match(r"[A-Za-z][A-Za-z0-9+.-]*:/*", url)
    start = found[0] if found else ""
    if url.startswith(POSTGRES):
        _check_postgres(url)
    elif url.startswith(SQLITE):
        if url == SQLITE:
            raise SettingsError("INBOX_URL names no file: write sqlite:///captionbot.sqlite, or a path in its place.")
    elif start != start.lower():
        raise SettingsError(f"INBOX_URL begins with {start} in capitals: write it in small letters.")
    elif start.startswith(("postgresql+", "postgres+")):
        raise SettingsError(f"INBOX_URL begins with {start}; write postgresql:// and leave the driver to me.")
    elif start.startswith("sqlite:"):
        raise SettingsError("INBOX_URL: after sqlite: come three slashes, then the path; for /var/x it is four in all.")
    else:
        what = f"begins with {start}" if start else "is no URL"
        raise SettingsError(f"INBOX_URL {what}; it should be {FORMS}.")


def _check_postgres(url: str) -> None:
    user, _, rest = url.partition("://")[2].rpartition("@")
    if any(letter in user for letter in "@/#?"):
        raise SettingsError(
            "INBOX_URL: in a user name or a password, write @ as %40, : as %3A, / as %2F, # as %23 and ? as %3F."
        )
    try:
        parts = urlsplit(f"postgresql://{rest}")
        host, _ = parts.hostname, parts.port
    except ValueError:
        raise SettingsError(
            "INBOX_URL: its host or port cannot be read. IPv6 addresses stand in brackets, [::1]; a port is a number."
        ) from None
    if not host and "host=" not in parts.query:
        raise SettingsError(f"INBOX_URL names no host; it should be {FORMS}.")


def check(database: Database, url: str) -> None:
    """Open the database that the URL names, and make it where it is not there yet. Raises SettingsError."""
    check_form(url)
    if database.path is not None:
        _check_file(Path(database.path))
    try:
        database.run("SELECT id FROM events LIMIT 1")
    except InboxError as error:
        raise SettingsError(f"INBOX_URL: {_why(error.__cause__, database.path, url)}") from None


def _check_file(file: Path) -> None:
    if sqlite3.sqlite_version_info < OLDEST:
        oldest = ".".join(map(str, OLDEST))
        raise SettingsError(
            f"INBOX_URL: this Python comes with SQLite {sqlite3.sqlite_version}, and the inbox needs {oldest} or "
            "newer. Use a newer Python, or set postgresql://…"
        )
    folder = file.parent
    if not folder.is_dir():
        what = "is no folder" if folder.exists() else "is not there"
        raise SettingsError(f"INBOX_URL: the folder {folder.absolute()} {what}. Make it, or name another one.")
    if file.is_dir():
        raise SettingsError(f"INBOX_URL: {file} is a folder. Name a file in it: sqlite:///{file}/inbox.sqlite")
    for place in (folder, file) if file.exists() else (folder,):
        if not os.access(place, os.W_OK):
            raise SettingsError(
                f"INBOX_URL: this user may not write to {place.absolute()}. Let it, or name another place."
            )


def _why(error: BaseException | None, path: str | None, url: str) -> str:
    """Say why a database could not be opened."""
    if path is None:
        parts = urlsplit(url)
        return (
            f"Postgres at {parts.hostname or 'this machine'}, port {parts.port or 5432}, cannot be reached or does not "
            "let this user in. Check that it is up, and the user, the password and the database's name."
        )
    if isinstance(error, OSError):
        return f"{path} cannot be written ({error.strerror}). Let this user write there, or name another place."
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF
    if code in (sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT):
        return f"{path} is no database of SQLite's, or it is damaged. Move it away, and a new one is made."
    if code in (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR):
        return f"there is no room for {path}, or its disk fails. Make room, or name another place."
    if code in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM):
        return f"this user may not write to {path}, or to what lies beside it. Let it, or name another place."
    if code == sqlite3.SQLITE_ERROR:
        return f"{path} was made by another version, or by another program. Move it away, and a new one is made."
    return (
        f"{path} cannot be used ({type(error).__name__}). Another program may hold it; try again, or name another file."
    )
