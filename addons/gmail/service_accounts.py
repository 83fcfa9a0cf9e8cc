"""Tokens for mailboxes of a Workspace domain by a service account with domain-wide delegation (RFC 7523; sub is the mailbox).

They are kept in memory only: each process may ask for its own, nothing is used up by that. The statement is a JWT signed by RS256 (RFC 7515, 7518).
"""

from __future__ import annotations

import base64
import hashlib
import json
import threading
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from mailloom.addons.oauth2.endpoint import assertion
from mailloom.api import Account, Office
from mailloom.errors import ConfigurationError

from .settings import MAIL_SCOPE, TOKEN_URL, GoogleLogin

_AHEAD = timedelta(minutes=5)
_STATEMENT_SECONDS = 3600
_REFUSED_TOO_SOON = timedelta(minutes=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Held:
    token: str = field(repr=False)
    given_at: datetime
    ends_at: datetime
    settings_digest: str


class ServiceAccounts:
    """A source of tokens for accounts that have a service account's key. Safe to share between threads."""

    def __init__(self, office: Office) -> None:
        self._office = office
        self._held: dict[int, _Held] = {}
        self._lock = threading.Lock()

    def access_token(self, account: Account[Any]) -> str | None:
        settings = account.settings
        if not isinstance(settings, GoogleLogin) or settings.service_account_key is None:
            return None
        key = settings.service_account_key.get_secret_value()
        digest = hashlib.sha256(f"{account.settings.user}\0{key}".encode()).hexdigest()
        with self._lock:
            held = self._held.get(account.id)
            if held is None or held.settings_digest != digest or held.ends_at - self._office.now() < _AHEAD:
                held = self._asked(account, key, digest)
                self._held[account.id] = held
            return held.token

    def refused(self, account: Account[Any]) -> bool:
        with self._lock:
            held = self._held.get(account.id)
            if held is None or self._office.now() - held.given_at < _REFUSED_TOO_SOON:
                return False
            del self._held[account.id]
            return True

    def _asked(self, account: Account[Any], key: str, digest: str) -> _Held:
        now = self._office.now()
        statement, token_url = signed_statement(account, key, now)
        answer = assertion(account, token_url, statement)
        ends_at = now + timedelta(seconds=answer.seconds)
        return _Held(token=answer.access_token, given_at=now, ends_at=ends_at, settings_digest=digest)


def signed_statement(account: Account[Any], key: str, now: datetime) -> tuple[str, str]:
    """The signed statement that asks for the mailbox, and where it is to be sent; ConfigurationError when the key is none."""
    try:
        parts = json.loads(key)
        token_url = str(account.settings.oauth_token_url or parts.get("token_uri") or TOKEN_URL)
        payload = {
            "iss": parts["client_email"],
            "sub": account.settings.user,
            "scope": MAIL_SCOPE,
            "aud": token_url,
            "iat": int(now.timestamp()),
            "exp": int(now.timestamp()) + _STATEMENT_SECONDS,
        }
        private = load_pem_private_key(str(parts["private_key"]).encode(), password=None)
        signed = _signed({"alg": "RS256", "typ": "JWT", "kid": str(parts.get("private_key_id", ""))}, payload, private)
    # The parts of the error could be parts of the key, so nothing of it is said.
    except (ValueError, KeyError, TypeError, AttributeError, UnsupportedAlgorithm):
        raise ConfigurationError(
            f"The service_account_key of account {account.name} is no key of a service account.",
            remedy="Give the JSON file as Google's console made it: --secret-env service_account_key=VARIABLE",
        ) from None
    if not token_url.startswith(("https://", "http://127.0.0.1:")):
        raise ConfigurationError(
            f"The service account's key of account {account.name} names no https address for tokens."
        )
    return signed, token_url


def _signed(head: dict[str, str], payload: dict[str, Any], private: object) -> str:
    if not isinstance(private, RSAPrivateKey):
        raise TypeError("not an RSA key")
    content = f"{_encoded(json.dumps(head).encode())}.{_encoded(json.dumps(payload).encode())}"
    return f"{content}.{_encoded(private.sign(content.encode(), PKCS1v15(), SHA256()))}"


def _encoded(octets: bytes) -> str:
    return base64.urlsafe_b64encode(octets).decode("ascii").rstrip("=")
