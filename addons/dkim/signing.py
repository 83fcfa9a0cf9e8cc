"""Which keys sign a mail, kept at hand: the domain of From, else the nearest domain above it that has keys.

Keys and accounts are read anew every half minute, so that a rotation holds in every process soon after. Nothing is signed on accounts whose server
signs by itself.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache

import structlog
from sqlalchemy import select
from sqlalchemy.orm import Session

from mailloom.api import Envelope, Office
from mailloom.errors import ConfigurationError
from mailloom.mail.address import normalise, parse_addresses
from mailloom.mail.dkim_keys import KeyKind, SigningKey, load_key
from mailloom.mail.dkim_sign import sign
from mailloom.store.accounts import AccountRow

from .models import DkimKey, KeyState
from .settings import DkimSettings

_log = structlog.get_logger(__name__)
_FRESH = timedelta(seconds=30)
_FROM = re.compile(rb"(?:\A|\r\n)From[ \t]*:((?:[^\r\n]|\r\n[ \t])*)", re.IGNORECASE)
_ORDER = list(KeyKind)
_REWRITTEN = ("message-id", "date")


@dataclass(slots=True)
class _Known:
    """What was read at one moment."""

    read_at: datetime
    keys: Mapping[str, tuple[SigningKey, ...]]
    accounts: dict[int, tuple[bool, tuple[str, ...]]] = field(default_factory=dict)
    """By account: whether to sign there, and which fields its server rewrites."""


class Signer:
    """Signs for one application. Safe to share between threads: what is known is exchanged as a whole."""

    def __init__(self, office: Office) -> None:
        self._office = office
        self._known: _Known | None = None

    def sign(self, envelope: Envelope, message: bytes) -> bytes | None:
        """The signatures, or None where nothing is to be signed."""
        known = self._current()
        if not known.keys:
            return None
        keys = keys_for(author_domain(message), known.keys)
        if not keys:
            return None
        wanted, rewritten = self._account(known, envelope.account_id)
        return sign(message, keys, at=self._office.now(), rewritten=rewritten) if wanted else None

    def _current(self) -> _Known:
        known, now = self._known, self._office.now()
        if known is None or not timedelta(0) <= now - known.read_at < _FRESH:
            with self._office.read() as session:
                known = self._known = _Known(now, _signing_keys(session, self._office))
        return known

    def _account(self, known: _Known, account_id: int) -> tuple[bool, tuple[str, ...]]:
        if account_id not in known.accounts:
            with self._office.read() as session:
                known.accounts[account_id] = self._read_account(session, account_id)
        return known.accounts[account_id]

    def _read_account(self, session: Session, account_id: int) -> tuple[bool, tuple[str, ...]]:
        settings = self._office.settings("dkim")
        assert isinstance(settings, DkimSettings)
        does = self._office.capabilities(account_id, session)
        name = session.scalar(select(AccountRow.name).where(AccountRow.id == account_id))
        signs_itself = (does is not None and does.signs_dkim) or name in settings.accounts_that_sign
        return not signs_itself, _REWRITTEN if does is not None and does.rewrites_message_id else ()


def _signing_keys(session: Session, office: Office) -> dict[str, tuple[SigningKey, ...]]:
    """RSA before Ed25519. A key that cannot be read is left out and said in the log: mail goes out all the same."""
    found: dict[str, list[SigningKey]] = {}
    for row in session.scalars(select(DkimKey).where(DkimKey.state == KeyState.SIGNING)):
        if row.private is None:
            continue
        try:
            key = load_key(office.unseal(row.private), domain=row.domain, selector=row.selector)
        except ConfigurationError as error:
            _log.error("dkim key unreadable", key=row.name, error=str(error))
            continue
        found.setdefault(row.domain, []).append(key)
    return {domain: tuple(sorted(keys, key=lambda key: _ORDER.index(key.kind))) for domain, keys in found.items()}


def keys_for(domain: str, keys: Mapping[str, tuple[SigningKey, ...]]) -> tuple[SigningKey, ...]:
    """Keys of the domain, else of the nearest one above it: both align with From (RFC 9989, relaxed)."""
    while domain:
        if domain in keys:
            return keys[domain]
        domain = domain.partition(".")[2]
    return ()


def author_domain(message: bytes) -> str:
    """The domain of the first From, A-labels in lower case; '' without one."""
    head = message[: message.find(b"\r\n\r\n") + 2] or message
    found = _FROM.search(head)
    return _domain_of(found[1]) if found else ""


@lru_cache(maxsize=4096)
def _domain_of(value: bytes) -> str:
    addresses = parse_addresses(" ".join(value.decode("utf-8", "replace").split()))
    return normalise(addresses[0].address).rpartition("@")[2] if addresses else ""
