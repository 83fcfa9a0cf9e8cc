"""Changing the key that secrets are stored under.

The order makes a crash harmless at any point: the new ring, old keys included, is safely in its file before the first secret is encrypted with it.
"""

from __future__ import annotations

from mailloom.registry.rows import raise_version
from mailloom.store.database import Database
from mailloom.store.secrets import Keys, reseal


def rotate(database: Database, keys: Keys, *, keep: int = 5) -> int:
    """Put a new key in front of the ring and encrypt every secret with it; returns how many.

    SecretUnreadable, before anything is changed in the database, when a stored secret was made with a key that is lost.
    """
    fresh = keys.rotated(keep=keep)
    fresh.save()
    with database.write() as session:
        count = reseal(session, fresh)
        raise_version(session)
    return count
