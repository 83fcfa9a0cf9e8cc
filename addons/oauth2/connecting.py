"""From "connect this account" to its tokens: the attempt, the state that travels through the provider, and the end.

The state is signed, names one attempt, expires, and is good once. An attempt belongs to one account and to the browser that opened it first (known
by a cookie), or to the terminal that began it; the answer to it is taken from there only.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from mailloom.api import Account, Authentication, Office
from mailloom.api.settings import CoreSettings
from mailloom.errors import ConfigurationError, MailloomError, Refused
from mailloom.mail.token import Purpose, sign, verify

from . import endpoint
from .endpoint import Answer
from .identity import signed_in_as
from .keeping import Shown, keep, shown
from .models import OAuthAttempt
from .refusals import error_of

LIFE = timedelta(minutes=15)
_KEYRING = "oauth2"
_STATE = Purpose(name="oauth2-state", mac_octets=16)
_TICKET = Purpose(name="oauth2-ticket", mac_octets=16)
_LOCAL = "http://localhost:8025"
_SECRET_OCTETS = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Begun:
    """What a person is shown. `url`: the provider's page (terminal), or ours that leads to it (browser)."""

    url: str
    redirect_uri: str
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """What the provider sent back through the browser (RFC 6749 §4.1.2)."""

    state: str
    code: str = ""
    error: str = ""
    description: str = ""


def redirect_uri(office: Office, account_name: str) -> str:
    """The address to register at the provider."""
    return f"{_base(office) or _LOCAL}/email/oauth2/{account_name}/callback"


def response_of(pasted: str) -> Response:
    """From the address that a browser ended at, or its query alone; Refused when it is neither."""
    text = pasted.strip()
    query = parse_qs(urlsplit(text).query or text.lstrip("?"), max_num_fields=50)
    values = {name: given[0] for name, given in query.items()}
    if "state" not in values or not ({"code", "error"} & set(values)):
        raise Refused(
            "That is not the address of an answer: it lacks state and code.",
            remedy="Copy the whole address that the browser shows after you agreed.",
        )
    return Response(
        state=values["state"],
        code=values.get("code", ""),
        error=values.get("error", ""),
        description=values.get("error_description", ""),
    )


def begin(office: Office, account: Account[Any], *, terminal: bool) -> Begun:
    """A new attempt. In a browser it needs the public address of the web face."""
    _check(account)
    if not terminal and not _base(office):
        raise ConfigurationError(
            "There is no public address that a browser could come back to.",
            remedy="Set core.base_url, or connect without --browser.",
        )
    secret, now = secrets.token_bytes(_SECRET_OCTETS), office.now()
    where = redirect_uri(office, account.name)
    verifier = secrets.token_urlsafe(64)
    with office.write() as session:
        session.execute(delete(OAuthAttempt).where(OAuthAttempt.expires_at < now))
        session.add(
            OAuthAttempt(
                account_id=account.id,
                secret_digest=_digest(secret),
                verifier=office.seal(verifier),
                redirect_uri=where,
                terminal=terminal,
                expires_at=now + LIFE,
            )
        )
    if terminal:
        url = _authorize_url(office, account, secret, verifier, where)
    else:
        url = f"{where.removesuffix('/callback')}/connect?ticket={_signed(office, _TICKET, secret)}"
    return Begun(url=url, redirect_uri=where, expires_at=now + LIFE)


def begin_in_browser(office: Office, account: Account[Any], cookie: str | None) -> tuple[str, str]:
    """As `begin` and `open_in_browser` in one, for a browser that asks by itself: the provider's page, and the cookie."""
    begun = begin(office, account, terminal=False)
    [ticket] = parse_qs(urlsplit(begun.url).query)["ticket"]
    return open_in_browser(office, account, ticket, cookie)


def open_in_browser(office: Office, account: Account[Any], ticket: str, cookie: str | None) -> tuple[str, str]:
    """The provider's page for a ticket, and the cookie that binds the attempt to this browser.

    The first browser gets it; any other is refused.
    """
    secret = _verified(office, _TICKET, ticket)
    with office.write() as session:
        attempt = _attempt(session, office, account, secret)
        if attempt.terminal:
            raise _stale(account)
        mine = cookie is not None and hmac.compare_digest(attempt.browser_digest, _digest(cookie.encode()))
        if attempt.browser_digest and not mine:
            raise Refused(
                "This link was opened in another browser before.",
                remedy=f"Run again: mailloom accounts connect {account.name} --browser",
            )
        bound = cookie if mine and cookie else secrets.token_urlsafe(32)
        attempt.browser_digest = _digest(bound.encode())
        verifier, where = office.unseal(attempt.verifier), attempt.redirect_uri
    return _authorize_url(office, account, secret, verifier, where), bound


def is_for_terminal(office: Office, account: Account[Any], state: str) -> bool:
    """Whether the answer with this state belongs into a terminal; Refused when it is no state of ours."""
    secret = _verified(office, _STATE, state)
    with office.read() as session:
        return _attempt(session, office, account, secret).terminal


def finish(office: Office, account: Account[Any], response: Response, *, cookie: str | None) -> Shown:
    """Use the attempt up, get the tokens and keep them. `cookie` None: the answer was pasted at the terminal."""
    secret = _verified(office, _STATE, response.state)
    verifier, where = _use_up(office, account, secret, cookie)
    if response.error:
        raise error_of(account.name, response.error, response.description)
    answer = endpoint.exchange(account, code=response.code, redirect_uri=where, verifier=verifier)
    return _kept(office, account, answer, signed_in_as(account, answer.id_token, _nonce(verifier), office.now()))


def connect_by_device(office: Office, account: Account[Any], answer: Answer) -> Shown:
    """Keep what the provider gave after the person agreed on another device."""
    return _kept(office, account, answer, signed_in_as(account, answer.id_token, "", office.now()))


def connect_application(office: Office, account: Account[Any]) -> Shown:
    """Get and keep tokens of the application itself."""
    return _kept(office, account, endpoint.own(account), "")


def _kept(office: Office, account: Account[Any], answer: Answer, signed_in: str) -> Shown:
    with office.write() as session:
        return shown(keep(session, office, account, answer, signed_in), account.name)


def _use_up(office: Office, account: Account[Any], secret: bytes, cookie: str | None) -> tuple[str, str]:
    """The verifier and redirect URI of an attempt, which nobody can use again, however this ends."""
    with office.write() as session:
        attempt = _attempt(session, office, account, secret)
        if attempt.terminal != (cookie is None):
            raise _stale(account)
        if cookie is not None and not hmac.compare_digest(attempt.browser_digest, _digest(cookie.encode())):
            raise Refused(
                "This answer belongs to another browser.",
                remedy=f"Run again: mailloom accounts connect {account.name} --browser",
            )
        attempt.used_at = office.now()
        return office.unseal(attempt.verifier), attempt.redirect_uri


def _attempt(session: Session, office: Office, account: Account[Any], secret: bytes) -> OAuthAttempt:
    chosen = select(OAuthAttempt).where(OAuthAttempt.secret_digest == _digest(secret)).with_for_update()
    attempt = session.scalar(chosen)
    if attempt is None or attempt.account_id != account.id or attempt.used_at or attempt.expires_at < office.now():
        raise _stale(account)
    return attempt


def not_ours() -> MailloomError:
    """The same for a name that there is not, so that strangers learn no names of accounts."""
    return Refused("This is no answer to a question of ours, or it took too long.", remedy="Begin again.")


def _stale(account: Account[Any]) -> MailloomError:
    return Refused(
        "This attempt is over: it was used before, took too long, or belongs elsewhere.",
        remedy=f"Begin again: mailloom accounts connect {account.name}",
    )


def _authorize_url(office: Office, account: Account[Any], secret: bytes, verifier: str, where: str) -> str:
    state = _signed(office, _STATE, secret)
    return endpoint.authorize_url(account, redirect_uri=where, state=state, verifier=verifier, nonce=_nonce(verifier))


def _check(account: Account[Any]) -> None:
    if getattr(account.settings, "authentication", None) is not Authentication.OAUTH2:
        raise ConfigurationError(
            f"Account {account.name} does not log in by OAuth 2.",
            remedy=f"Run: mailloom accounts edit {account.name} --set authentication=oauth2",
        )
    if not account.settings.needs_consent():
        raise ConfigurationError(f"Account {account.name} needs nobody's consent in a browser.")
    endpoint.provider_of(account)


def _signed(office: Office, purpose: Purpose, secret: bytes) -> str:
    return sign(purpose, secret, office.keyring(_KEYRING), expires=office.now() + LIFE)


def _verified(office: Office, purpose: Purpose, token: str) -> bytes:
    secret = verify(purpose, token, office.keyring(_KEYRING), now=office.now())
    if secret is None:
        raise not_ours()
    return secret


def _digest(secret: bytes) -> str:
    return hashlib.sha256(secret).hexdigest()


def _nonce(verifier: str) -> str:
    return _digest(b"nonce " + verifier.encode())


def _base(office: Office) -> str:
    settings = office.settings("core")
    assert isinstance(settings, CoreSettings)
    return settings.base_url
