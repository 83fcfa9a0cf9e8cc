"""Secrets at rest: a ring of Fernet keys, of which the first encrypts and all decrypt.

The ring is a file with mode 0600, one key a line, newest first, or the environment variable MAILLOOM_KEYS with the keys separated by commas.
A key that is lost makes secrets unreadable and says so; it never yields garbage (Fernet is authenticated).
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from sqlalchemy import Table, inspect, select, update
from sqlalchemy.orm import Session

from mailloom.errors import ConfigurationError, SecretUnreadable
from mailloom.store.base import Base
from mailloom.store.types import Sealed, SealedText

ENVIRONMENT_VARIABLE = "MAILLOOM_KEYS"


class Keys:
    """The key ring. Holds key material in memory; never print it."""

    def __init__(self, keys: Sequence[str], *, path: Path | None = None) -> None:
        if not keys:
            raise ConfigurationError(
                "There is no encryption key.", remedy="Run `mailloom keys create`, or set MAILLOOM_KEYS."
            )
        try:
            self._fernet = MultiFernet([Fernet(key) for key in keys])
        except ValueError as error:
            where = f"the key file {path}" if path else ENVIRONMENT_VARIABLE
            raise ConfigurationError(
                f"A key in {where} is not a Fernet key (32 bytes in URL-safe base64).",
                remedy="Restore the file from your backup, or remove the broken line.",
            ) from error
        self._keys = tuple(keys)
        self.path = path

    def seal(self, text: str) -> Sealed:
        return Sealed(self._fernet.encrypt(text.encode()).decode())

    def open(self, sealed: Sealed) -> str:
        """The text again; raises SecretUnreadable when no key of the ring fits."""
        try:
            return self._fernet.decrypt(str.__str__(sealed).encode()).decode()
        except InvalidToken as error:
            raise SecretUnreadable(
                "A stored secret cannot be decrypted with the keys at hand.",
                remedy="Put back the key file this database was used with, or enter the passwords again.",
            ) from error

    def derive(self, purpose: str) -> list[bytes]:
        """32-byte signing secrets, one per key and newest first, bound to `purpose` (HKDF-SHA256, RFC 5869)."""
        from cryptography.hazmat.primitives.hashes import SHA256
        from cryptography.hazmat.primitives.kdf.hkdf import HKDF

        return [HKDF(SHA256(), 32, None, f"mailloom {purpose}".encode()).derive(key.encode()) for key in self._keys]

    def rotated(self, *, keep: int = 5) -> Keys:
        """A ring with a new first key and the `keep` newest old ones. Write it with `save` before re-encrypting anything."""
        return Keys([Fernet.generate_key().decode(), *self._keys[:keep]], path=self.path)

    def save(self) -> None:
        """Write the ring to its file at once and readable by the owner only."""
        if self.path is None:
            raise ConfigurationError(
                f"The keys come from {ENVIRONMENT_VARIABLE}, which mailloom cannot change.",
                remedy="Move them to a key file to rotate them.",
            )
        self.path.parent.mkdir(parents=True, exist_ok=True)
        fresh = self.path.with_name(self.path.name + ".new")
        handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "w") as file:
            file.write("\n".join(self._keys) + "\n")
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(self.path)


def create_keys(path: Path) -> Keys:
    """A new ring of one key in a new file; refuses to overwrite."""
    if path.exists():
        raise ConfigurationError(
            f"The key file {path} exists already.", remedy="Use `mailloom keys rotate` to change the key."
        )
    keys = Keys([Fernet.generate_key().decode()], path=path)
    keys.save()
    return keys


def load_keys(path: Path) -> Keys:
    """The ring from the environment, else from the file; ConfigurationError says what is missing or too widely readable."""
    given = os.environ.get(ENVIRONMENT_VARIABLE, "")
    if given.strip():
        return Keys([key.strip() for key in given.split(",") if key.strip()])
    try:
        mode = path.stat().st_mode
        lines = path.read_text().split()
    except FileNotFoundError as error:
        raise ConfigurationError(
            f"There is no key file at {path}.", remedy="Run `mailloom init`, or restore the file from your backup."
        ) from error
    except OSError as error:
        raise ConfigurationError(
            f"The key file {path} cannot be read: {error.strerror}.",
            remedy="Make it readable for the user that runs mailloom.",
        ) from error
    if mode & 0o077:
        raise ConfigurationError(f"The key file {path} can be read by others.", remedy=f"Run: chmod 600 {path}")
    return Keys(lines, path=path)


def reseal(session: Session, keys: Keys) -> int:
    """Encrypt every stored secret of every table anew with the ring's first key; returns how many. The caller commits."""
    # Classes of an addon may be imported whose tables are not (or no longer) there.
    there = set(inspect(session.connection()).get_table_names())
    tables = [table for table in Base.metadata.sorted_tables if table.name in there]
    return sum(_reseal_table(session, keys, table) for table in tables)


def _reseal_table(session: Session, keys: Keys, table: Table) -> int:
    sealed = [column for column in table.columns if isinstance(column.type, SealedText)]
    identity = list(table.primary_key.columns)
    count = 0
    for column in sealed:
        for row in session.execute(select(*identity, column).where(column.is_not(None))).all():
            where = [key == value for key, value in zip(identity, row[:-1], strict=True)]
            session.execute(update(table).where(*where).values({column: keys.seal(keys.open(row[-1]))}))
            count += 1
    return count
