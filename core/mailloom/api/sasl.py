"""Ways to log in (SASL, RFC 4422), as values that answer a server's challenges; no protocol's framing and no base64 here.

`mechanisms_for` lists what an account can do, best first; a protocol takes the first that the server offers. OAuth access tokens come from
whoever registered a `TokenSource` (an addon at start-up); passwords never leave in the clear unless the account's owner chose security "none".
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Sequence
from typing import Any, Protocol, TypeVar

from mailloom.api.accounts import Account, Authentication, Security, ServerSettings
from mailloom.errors import AuthenticationFailed, ConfigurationError

T = TypeVar("T")


class Mechanism(Protocol):
    """One way to log in, made for one attempt."""

    name: str

    def initial(self) -> bytes | None:
        """What is said first; None when the server speaks first."""
        ...

    def answer(self, challenge: bytes) -> bytes:
        """The answer to a challenge. Raises ConfigurationError for one that makes no sense."""
        ...


class TokenSource(Protocol):
    """Gives OAuth 2 access tokens for accounts that it knows."""

    def access_token(self, account: Account[Any]) -> str | None:
        """A token valid now; None when the account is not this source's. Raises AuthenticationFailed or TemporaryFailure."""
        ...

    def refused(self, account: Account[Any]) -> bool:
        """The server refused the token given last, whatever its expiry said; True when another one can be had."""
        ...


_token_sources: list[TokenSource] = []


def register_token_source(source: TokenSource) -> None:
    """Ask this source for access tokens from now on, before those registered earlier."""
    _token_sources.insert(0, source)


def unregister_token_source(source: TokenSource) -> None:
    """Ask it no longer; nothing happens when it was not registered."""
    if source in _token_sources:
        _token_sources.remove(source)


class Plain:
    """RFC 4616."""

    name = "PLAIN"

    def __init__(self, user: str, password: str) -> None:
        self._words = b"\0" + _utf8(user, "user name") + b"\0" + _utf8(password, "password")

    def initial(self) -> bytes | None:
        return self._words

    def answer(self, challenge: bytes) -> bytes:
        return self._words


class Login:
    """The LOGIN mechanism (draft-murchison-sasl-login): the server asks for the user name, then for the password."""

    name = "LOGIN"

    def __init__(self, user: str, password: str) -> None:
        self._answers = [_utf8(user, "user name"), _utf8(password, "password")]

    def initial(self) -> bytes | None:
        return None

    def answer(self, challenge: bytes) -> bytes:
        if not self._answers:
            raise ConfigurationError(
                "The server asks for more than user name and password.", remedy="See the server's log."
            )
        return self._answers.pop(0)


class CramMd5:
    """RFC 2195: proves the password without saying it; weak, and still better than PLAIN on a connection without TLS."""

    name = "CRAM-MD5"

    def __init__(self, user: str, password: str) -> None:
        self._user = _utf8(user, "user name")
        self._password = _utf8(password, "password")

    def initial(self) -> bytes | None:
        return None

    def answer(self, challenge: bytes) -> bytes:
        digest = hmac.new(self._password, challenge, hashlib.md5).hexdigest()
        return self._user + b" " + digest.encode("ascii")


class External:
    """RFC 4422 appendix A: the TLS client certificate has said who we are."""

    name = "EXTERNAL"

    def __init__(self, user: str) -> None:
        self._user = _utf8(user, "user name")

    def initial(self) -> bytes | None:
        return self._user

    def answer(self, challenge: bytes) -> bytes:
        return self._user


class XOAuth2:
    """Google's and Microsoft's mechanism. A failed login comes as a challenge that wants an empty answer before the refusal."""

    name = "XOAUTH2"

    def __init__(self, user: str, token: str) -> None:
        self._words = b"user=" + _utf8(user, "user name") + b"\1auth=Bearer " + _utf8(token, "token") + b"\1\1"

    def initial(self) -> bytes | None:
        return self._words

    def answer(self, challenge: bytes) -> bytes:
        return b""


class OAuthBearer:
    """RFC 7628. A failed login comes as a challenge that wants a single %x01 before the refusal."""

    name = "OAUTHBEARER"

    def __init__(self, user: str, token: str, host: str, port: int) -> None:
        name = _utf8(user, "user name").replace(b"=", b"=3D").replace(b",", b"=2C")
        self._words = b"n,a=%b,\1host=%b\1port=%d\1auth=Bearer %b\1\1" % (
            name,
            _utf8(host, "host"),
            port,
            _utf8(token, "token"),
        )

    def initial(self) -> bytes | None:
        return self._words

    def answer(self, challenge: bytes) -> bytes:
        return b"\1"


def _utf8(text: str, what: str) -> bytes:
    """The bytes of a credential; control characters would break out of the message they are part of."""
    if any(character < " " or character == "\x7f" for character in text):
        raise ConfigurationError(f"The {what} holds a control character.", remedy=f"Enter the {what} again.")
    try:
        return text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise ConfigurationError(f"The {what} is no valid text.", remedy=f"Enter the {what} again.") from error


def mechanisms_for(account: Account[Any], port: int) -> Sequence[Mechanism]:
    """What the account's settings can do, best first; empty when it does not log in."""
    settings: ServerSettings = account.settings
    if settings.authentication is Authentication.PASSWORD:
        return _by_password(settings)
    if settings.authentication is Authentication.CERTIFICATE:
        if settings.client_certificate is None:
            raise ConfigurationError("The account has no client certificate.", remedy="Set client_certificate.")
        return [External(settings.user)]
    if settings.authentication is Authentication.OAUTH2:
        token = access_token(account)
        return [XOAuth2(settings.user, token), OAuthBearer(settings.user, token, settings.host, port)]
    return []


def _by_password(settings: ServerSettings) -> Sequence[Mechanism]:
    if not settings.user or settings.password is None:
        raise ConfigurationError(
            "The account logs in by password but lacks user or password.",
            remedy="Set both, or authentication to none where the server wants no login.",
        )
    words = settings.user, settings.password.get_secret_value()
    plain: list[Mechanism] = [Plain(*words), Login(*words)]
    return [CramMd5(*words), *plain] if settings.security is Security.NONE else [*plain, CramMd5(*words)]


def with_fresh_token(account: Account[Any], attempt: Callable[[], T]) -> T:
    """Try to log in; once more when an OAuth token was refused before its time, by a clock that differs or by the provider."""
    try:
        return attempt()
    except AuthenticationFailed:
        if account.settings.authentication is not Authentication.OAUTH2:
            raise
        if not any(source.refused(account) for source in _token_sources):
            raise
    return attempt()


def access_token(account: Account[Any]) -> str:
    """An OAuth 2 token for the account, from the first source that knows it; ConfigurationError when none does."""
    for source in _token_sources:
        if (token := source.access_token(account)) is not None:
            return token
    raise ConfigurationError(
        "The account logs in by OAuth 2, and no addon gives access tokens for it.",
        remedy="Install the addon for OAuth 2 and connect the account.",
    )
