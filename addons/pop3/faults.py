"""What POP3 servers mean by -ERR: response codes (RFC 2449 §8, RFC 3206), then the words of well-known servers. The first row that fits wins."""

from __future__ import annotations

from dataclasses import dataclass

from mailloom.api import Explanation, FailureClass
from mailloom.errors import AuthenticationFailed, ConfigurationError, MailloomError, TemporaryFailure

_CONFIG, _TEMPORARY, _LIMIT = FailureClass.CONFIG, FailureClass.TEMPORARY, FailureClass.LIMIT


@dataclass(frozen=True, slots=True)
class _Row:
    signs: tuple[str, ...]
    """Lower case; a sign in brackets is a response code."""
    failure: FailureClass
    meaning: str
    remedy: str
    login: bool = False


_ROWS = (
    _Row(
        ("[in-use]", "locked", "in use", "another pop3 session"),
        _TEMPORARY,
        "Another program has the mailbox open.",
        "POP3 lets in one at a time: it is tried again later; let only one program fetch from this mailbox.",
    ),
    _Row(
        ("[login-delay]", "too often", "too frequent", "too many logins"),
        _LIMIT,
        "The server wants more time between two logins.",
        "Raise poll_minutes of this account.",
    ),
    _Row(
        ("[sys/temp]", "try again", "temporar", "internal error", "unavailable"),
        _TEMPORARY,
        "The server cannot do it at the moment.",
        "It is tried again later.",
    ),
    _Row(
        ("application-specific password", "app password", "web login required"),
        _CONFIG,
        "The provider wants an app password or a login in the browser instead of the account's password.",
        "Make an app password in the provider's security settings and enter it here.",
        login=True,
    ),
    _Row(
        ("not enabled for pop", "pop access is disabled", "pop is disabled", "pop3 is disabled"),
        _CONFIG,
        "Access by POP3 is switched off for this mailbox.",
        "Switch POP on in the provider's settings of the mailbox.",
        login=True,
    ),
    _Row(
        ("plaintext authentication disallowed", "must issue a stls", "requires tls", "ssl/tls required"),
        _CONFIG,
        "The server accepts a password only over an encrypted connection.",
        "Choose TLS (port 995) or STARTTLS for this account.",
        login=True,
    ),
    _Row(
        ("[auth]", "authentication failed", "login failure", "invalid", "incorrect", "bad password", "logon failure"),
        _CONFIG,
        "User name or password is wrong, or POP3 is switched off for this mailbox.",
        "Check both; most providers want the whole address as user name, some an app password.",
        login=True,
    ),
    _Row(
        ("[sys/perm]", "unknown command", "not implemented"),
        _CONFIG,
        "The server does not do this at all.",
        "Ask the server's administrator; perhaps IMAP works better with this server.",
    ),
)


def explain_words(words: str) -> Explanation | None:
    row = _row(words)
    return None if row is None else Explanation(failure=row.failure, meaning=row.meaning, remedy=row.remedy)


def _row(words: str) -> _Row | None:
    lowered = words[:2000].lower()
    return next((row for row in _ROWS if any(sign in lowered for sign in row.signs)), None)


def error_of(doing: str, words: str) -> MailloomError:
    """The exception for a refusal; `doing` such as "log in" completes "The server did not let us …"."""
    row = _row(words)
    sentence = f"The server did not let us {doing}: {words}"
    if row is None:
        return TemporaryFailure(sentence, remedy="It is tried again later; see the server's log if it goes on.")
    sentence = f"{sentence} — {row.meaning}"
    if row.failure in (_TEMPORARY, _LIMIT):
        return TemporaryFailure(sentence, remedy=row.remedy)
    kind = AuthenticationFailed if row.login else ConfigurationError
    return kind(sentence, remedy=row.remedy)


def login_error(words: str) -> MailloomError:
    """As `error_of`, but a refusal without known words means a wrong user or password."""
    if _row(words) is None:
        return AuthenticationFailed(
            f"The server did not let us log in: {words}", remedy="Check user name and password."
        )
    return error_of("log in", words)
