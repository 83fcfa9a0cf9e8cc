"""What IMAP servers mean by NO, BAD and BYE: response codes (RFC 5530, RFC 3501 §7.1), then the words of well-known providers.

The first row that fits wins. `error_of` makes the exception, `explain_words` the explanation that pages and tests of a connection show.
"""

from __future__ import annotations

from dataclasses import dataclass

from mailloom.api import Explanation, FailureClass
from mailloom.errors import AuthenticationFailed, ConfigurationError, MailloomError, TemporaryFailure

from .responses import StatusText

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
        ("application-specific password", "app password", "[webalert"),
        _CONFIG,
        "The provider wants an app password or a login in the browser instead of the account's password.",
        "Make an app password in the provider's security settings and enter it here.",
        login=True,
    ),
    _Row(
        ("imap access is disabled", "not enabled for imap", "imap is disabled", "enable imap"),
        _CONFIG,
        "Access by IMAP is switched off for this mailbox.",
        "Switch IMAP on in the provider's settings of the mailbox.",
        login=True,
    ),
    _Row(
        (
            "too many simultaneous connections",
            "maximum number of connections",
            "[limit]",
            "user is authenticated but not connected",
        ),
        _LIMIT,
        "Too many connections to this mailbox are open.",
        "Close other mail programs or wait; use one account for one mailbox.",
    ),
    _Row(
        ("bandwidth limits", "exceeded command"),
        _LIMIT,
        "The provider's daily limit for downloads is used up.",
        "It is lifted within a day; fetch fewer messages at a time.",
    ),
    _Row(("[overquota]",), _LIMIT, "The mailbox is full.", "Make room in the mailbox, or let fetched mail be deleted."),
    _Row(
        ("[unavailable]", "[inuse]", "[serverbug]", "try again", "temporar", "internal error", "server busy"),
        _TEMPORARY,
        "The server cannot do it at the moment.",
        "It is tried again later.",
    ),
    _Row(
        ("[privacyrequired]", "plaintext authentication disallowed", "logindisabled"),
        _CONFIG,
        "The server accepts a password only over an encrypted connection.",
        "Choose TLS (port 993) or STARTTLS for this account.",
        login=True,
    ),
    _Row(
        ("[expired]", "[authorizationfailed]", "[contactadmin]", "[noperm]"),
        _CONFIG,
        "The server knows the user but does not let him in here.",
        "Ask the server's administrator; the password may have expired or the mailbox may be blocked.",
        login=True,
    ),
    _Row(
        (
            "[authenticationfailed]",
            "invalid credentials",
            "authentication failed",
            "login failed",
            "incorrect",
            "logon failure",
        ),
        _CONFIG,
        "User name or password is wrong.",
        "Check both; most providers want the whole address as user name, some an app password.",
        login=True,
    ),
    _Row(
        (
            "[nonexistent]",
            "[trycreate]",
            "mailbox doesn't exist",
            "unknown mailbox",
            "does not exist",
            "no such mailbox",
            "unknown folder",
        ),
        _CONFIG,
        "The folder does not exist.",
        "Correct the folder's name, written with the server's own separator.",
    ),
    _Row(
        ("[readonly]", "[read-only]"),
        _CONFIG,
        "The folder may only be read.",
        "Choose to keep fetched mail, or ask for more rights.",
    ),
    _Row(
        ("[clientbug]", "[badcharset]", "unknown command", "[cannot]"),
        _CONFIG,
        "The server does not understand what we asked.",
        "Report it with the server's name and version.",
    ),
)


def explain_words(words: str) -> Explanation | None:
    row = _row(words)
    return None if row is None else Explanation(failure=row.failure, meaning=row.meaning, remedy=row.remedy)


def _row(words: str) -> _Row | None:
    lowered = words[:2000].lower()
    return next((row for row in _ROWS if any(sign in lowered for sign in row.signs)), None)


def error_of(doing: str, status: StatusText) -> MailloomError:
    """The exception for a refused command; `doing` such as "log in" completes "The server did not let us …"."""
    row = _row(status.line)
    sentence = f"The server did not let us {doing}: {status.line}"
    if row is None:
        return TemporaryFailure(sentence, remedy="It is tried again later; see the server's log if it goes on.")
    sentence = f"{sentence} — {row.meaning}"
    if row.failure in (_TEMPORARY, _LIMIT):
        return TemporaryFailure(sentence, remedy=row.remedy)
    kind = AuthenticationFailed if row.login else ConfigurationError
    return kind(sentence, remedy=row.remedy)


def login_error(status: StatusText) -> MailloomError:
    """As `error_of`, but a refusal without known words means a wrong user or password."""
    if _row(status.line) is None:
        return AuthenticationFailed(
            f"The server did not let us log in: {status.line}", remedy="Check user name and password."
        )
    return error_of("log in", status)
