"""Talking to a provider's endpoints: Authlib for the protocol, httpx2 for the wire. Redirects are not followed, waits are bounded.

Values that hold tokens hide them from their repr.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

import httpx2
from authlib.common.errors import AuthlibBaseError
from authlib.integrations.httpx_client import OAuth2Client

from mailloom.api import Account
from mailloom.api.oauth import OAuthProvider, OAuthSettings
from mailloom.errors import ConfigurationError, MailloomError, TemporaryFailure

from .refusals import error_of

TIMEOUT_SECONDS = 15.0
DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code"
_USUAL_SECONDS = 3600
_LONGEST_SECONDS = 10 * 365 * 86400

# At these levels a line is written for each request, and some hold the query.
for _name in ("httpx", "httpx2", "httpcore", "httpcore2"):
    logging.getLogger(_name).setLevel(logging.WARNING)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a token endpoint gave (RFC 6749 §5.1)."""

    access_token: str = field(repr=False)
    refresh_token: str | None = field(repr=False)
    seconds: int
    """From now to its end."""
    scope: str
    id_token: str | None = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceCode:
    """RFC 8628 §3.2: the person opens `where` on any device and enters `user_code`."""

    device_code: str = field(repr=False)
    user_code: str
    where: str
    seconds: int
    interval: int


def provider_of(account: Account[Any]) -> OAuthProvider:
    """The addresses of the account's provider; ConfigurationError names what is missing."""
    settings: OAuthSettings = account.settings
    provider = settings.oauth_provider()
    missing = [
        name
        for name, value in (("oauth_client_id", settings.oauth_client_id), ("oauth_token_url", provider.token_url))
        if not value
    ]
    if missing:
        raise ConfigurationError(
            f"Account {account.name} lacks {' and '.join(missing)}.",
            remedy=f"Run: mailloom accounts edit {account.name} --set {missing[0]}=…",
        )
    return provider


def authorize_url(account: Account[Any], *, redirect_uri: str, state: str, verifier: str, nonce: str) -> str:
    """Where a person signs in and agrees (RFC 6749 §4.1.1, RFC 7636, OpenID Connect Core §3.1.2.1)."""
    provider = provider_of(account)
    if not provider.authorize_url:
        raise ConfigurationError(
            f"Account {account.name} lacks oauth_authorize_url.",
            remedy="Set it, or connect with --device, or set oauth_grant to client_credentials.",
        )
    settings: OAuthSettings = account.settings
    more = dict(parse_qsl(provider.parameters))
    if "openid" in provider.scope.split():
        more["nonce"] = nonce
    if hint := settings.oauth_login or account.settings.user:
        more["login_hint"] = hint
    with _client(account, redirect_uri=redirect_uri) as client:
        url, _ = client.create_authorization_url(provider.authorize_url, state=state, code_verifier=verifier, **more)
    return str(url)


def exchange(account: Account[Any], *, code: str, redirect_uri: str, verifier: str) -> Answer:
    """The tokens for a code that the browser brought."""
    return _tokens(
        account,
        {"grant_type": "authorization_code", "code": code, "code_verifier": verifier},
        redirect_uri=redirect_uri,
    )


def renew(account: Account[Any], refresh_token: str) -> Answer:
    """New tokens for a refresh token, which may be used up by this."""
    return _tokens(account, {"grant_type": "refresh_token", "refresh_token": refresh_token})


def own(account: Account[Any]) -> Answer:
    """Tokens of the application itself (RFC 6749 §4.4)."""
    return _tokens(account, {"grant_type": "client_credentials", "scope": provider_of(account).scope})


def assertion(account: Account[Any], token_url: str, signed: str) -> Answer:
    """Tokens for a signed statement (RFC 7523)."""
    grant = {"grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer", "assertion": signed}
    with _said(account), _plain() as client:
        return _answer(account, client.post(token_url, data=grant), scope="")


def device_code(account: Account[Any]) -> DeviceCode:
    """Ask for a code that is entered on another device."""
    provider = provider_of(account)
    if not provider.device_url:
        raise ConfigurationError(
            f"Account {account.name} has no oauth_device_url.", remedy="Connect without --device, or set it."
        )
    body = {"client_id": account.settings.oauth_client_id, "scope": provider.scope}
    with _said(account), _plain() as client:
        said = _json(account, client.post(provider.device_url, data=body))
        return DeviceCode(
            device_code=str(said["device_code"]),
            user_code=str(said["user_code"]),
            where=str(said.get("verification_uri") or said["verification_url"]),
            seconds=int(said.get("expires_in", 900)),
            interval=max(int(said.get("interval", 5)), 1),
        )


def device_tokens(account: Account[Any], code: DeviceCode, wait: Callable[[float], None]) -> Answer:
    """Ask until the person has agreed, at the provider's pace (RFC 8628 §3.5). `wait` gets seconds."""
    interval, left = float(code.interval), float(code.seconds)
    grant = {"grant_type": DEVICE_GRANT, "device_code": code.device_code}
    while left > 0:
        wait(interval)
        left -= interval
        try:
            return _tokens(account, grant)
        except _Pending as pending:
            interval += 5 if pending.slow_down else 0
    raise error_of(account.name, "expired_token", "")


class _Pending(Exception):
    """The person has not agreed yet."""

    def __init__(self, *, slow_down: bool) -> None:
        super().__init__()
        self.slow_down = slow_down


def _tokens(account: Account[Any], grant: Mapping[str, str], **more: str) -> Answer:
    provider = provider_of(account)
    with _said(account), _client(account, **more) as client:
        given = client.fetch_token(provider.token_url, **grant)
        return _as_answer(account, given, scope=provider.scope)


def _answer(account: Account[Any], response: httpx2.Response, scope: str) -> Answer:
    return _as_answer(account, _json(account, response), scope)


def _as_answer(account: Account[Any], given: Mapping[str, Any], scope: str) -> Answer:
    access, kind = given.get("access_token"), str(given.get("token_type", "bearer"))
    if not isinstance(access, str) or not access or not access.isascii() or not access.isprintable():
        raise TemporaryFailure(
            f"Account {account.name}: the provider gave no access token.", remedy="It is tried again."
        )
    if kind.lower() != "bearer":
        raise ConfigurationError(f"Account {account.name}: the provider gives tokens of the kind {kind[:40]!r}.")
    refresh, identity = given.get("refresh_token"), given.get("id_token")
    return Answer(
        access_token=access,
        refresh_token=refresh if isinstance(refresh, str) and refresh else None,
        seconds=_seconds(given.get("expires_in")),
        scope=str(given.get("scope") or scope),
        id_token=identity if isinstance(identity, str) else None,
    )


def _seconds(given: object) -> int:
    """Providers write a number or its text; a missing or odd one counts as an hour."""
    try:
        return min(max(int(str(given)), 0), _LONGEST_SECONDS)
    except ValueError:
        return _USUAL_SECONDS


def _json(account: Account[Any], response: httpx2.Response) -> Mapping[str, Any]:
    if response.status_code >= 500 or response.status_code == 429:
        response.raise_for_status()
    said = response.json()
    if not isinstance(said, dict):
        raise ValueError("no object")
    if "error" in said:
        raise error_of(account.name, str(said["error"]), str(said.get("error_description", "")))
    return said


@contextmanager
def _said(account: Account[Any]) -> Iterator[None]:
    """Faults of the provider and of the way to it, as errors of ours; none of them quotes what was sent."""
    later = f"Account {account.name}: the provider of its tokens"
    try:
        yield
    except (MailloomError, _Pending):
        raise
    except AuthlibBaseError as error:
        code = str(error.error)
        if code in ("authorization_pending", "slow_down"):
            raise _Pending(slow_down=code == "slow_down") from None
        raise error_of(account.name, code, str(error.description or "")) from None
    except httpx2.HTTPStatusError as error:
        status = error.response.status_code
        wait = error.response.headers.get("retry-after", "")
        raise TemporaryFailure(
            f"{later} answers with HTTP {status}.",
            remedy="It is tried again.",
            retry_after=float(wait) if wait.isdigit() and len(wait) < 6 else 60.0,
        ) from None
    except (httpx2.HTTPError, httpx2.InvalidURL, OSError) as error:
        why = f"{type(error).__name__}: {error}".rstrip(": .")
        raise TemporaryFailure(f"{later} cannot be reached ({why}).", remedy="It is tried again.") from None
    except (ValueError, KeyError, TypeError, AttributeError):
        raise TemporaryFailure(
            f"{later} gives no answer that can be read.", remedy="Check oauth_token_url; it is tried again."
        ) from None


def _client(account: Account[Any], **more: str) -> Any:
    settings: OAuthSettings = account.settings
    secret = settings.oauth_client_secret
    return OAuth2Client(
        client_id=settings.oauth_client_id,
        client_secret=secret.get_secret_value() if secret is not None else None,
        token_endpoint_auth_method="client_secret_post" if secret is not None else "none",
        scope=settings.oauth_provider().scope or None,
        code_challenge_method="S256",
        timeout=TIMEOUT_SECONDS,
        follow_redirects=False,
        **more,
    )


def _plain() -> httpx2.Client:
    return httpx2.Client(timeout=TIMEOUT_SECONDS, follow_redirects=False)
