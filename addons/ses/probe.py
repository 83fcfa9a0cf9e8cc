"""The steps of "Test connection" that ask the API: what the account may send, and whether its From address is verified.

A key that may send and nothing else is a good key: what it may not ask is said and passes over. A login that is refused altogether, an account
that is paused and a From address that is known and not verified fail.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any, Final

from mailloom.api import Account, Step
from mailloom.errors import MailloomError
from mailloom.mail.address import parse_addresses
from mailloom.mail.compose import wire_address

from .answers import ANY_FAULT, name_of, reply_of
from .client import client_of
from .explanations import explain
from .quota import Quota, may_ask, read_quota
from .settings import SesAccountSettings

_MAY_NOT_ASK: Final = frozenset({"AccessDenied", "AccessDeniedException", "NotAuthorized"})
_UNKNOWN: Final = "NotFoundException"
_MOST_PARENTS: Final = 4


class NotReady(MailloomError):
    """SES answered, and mail would not go."""


def probe_api(account: Account[Any]) -> Iterator[Step]:
    """The API's steps; one that says why there are none where the account cannot ask."""
    settings: SesAccountSettings = account.settings
    if not may_ask(settings):
        detail = "not asked: an SMTP password opens no API; give secret_access_key to see quota and verification"
        yield Step(name="quota", passed=True, seconds=0.0, detail=detail)
        return
    quota = _step("quota", "ses:GetAccount", lambda: _quota(client_of(account)))
    yield quota
    if quota.passed:
        yield _step("From address", "ses:GetEmailIdentity", lambda: _verification(client_of(account), settings))


def _step(name: str, permission: str, action: Callable[[], str]) -> Step:
    started = time.monotonic()

    def done(*, passed: bool, **more: str) -> Step:
        return Step(name=name, passed=passed, seconds=time.monotonic() - started, **more)

    try:
        return done(passed=True, detail=action())
    except MailloomError as error:
        return done(passed=False, meaning=str(error), remedy=error.remedy)
    except ANY_FAULT as error:
        if name_of(error) in _MAY_NOT_ASK:
            return done(passed=True, detail=f"not shown: this key is not allowed {permission}")
        words = reply_of(error).text
        known = explain(words)
        return done(
            passed=False,
            words=words,
            meaning=known.meaning if known else "the API of SES did not answer as it should",
            remedy=known.remedy if known else "Try again; check the region and the way to it.",
        )


def _quota(client: Any) -> str:
    quota: Quota = read_quota(client)
    if not quota.sending or quota.standing == "SHUTDOWN":
        raise NotReady(f"Amazon has paused sending: {quota}.", remedy="See the account's dashboard in the SES console.")
    return str(quota)


def _verification(client: Any, settings: SesAccountSettings) -> str:
    """What SES knows of the From address: of itself, else of its domain or one above."""
    [author, *_] = [wire_address(found) for found in parse_addresses(settings.default_from)] or [""]
    waiting = ""
    for identity in _identities(author):
        try:
            answer = client.get_email_identity(EmailIdentity=identity)
        except ANY_FAULT as error:
            if name_of(error) != _UNKNOWN:
                raise
            continue
        if answer.get("VerifiedForSendingStatus"):
            return f"{author} is verified{_of(identity, author)}; {_extras(answer)}"
        waiting = waiting or f"{identity} is {str(answer.get('VerificationStatus') or 'not verified').lower()}"
    known = waiting or "neither it nor its domain was added"
    raise NotReady(
        f"{author} is not verified in {settings.region}: {known}.",
        remedy="Verify the domain in the SES console of this region: publish the DKIM records it shows.",
    )


def _identities(author: str) -> list[str]:
    """The address, its domain and the domains above."""
    domain = author.rpartition("@")[2]
    labels = domain.split(".")
    parents = [".".join(labels[start:]) for start in range(len(labels) - 1)]
    return [author, *parents[:_MOST_PARENTS]]


def _of(identity: str, author: str) -> str:
    return "" if identity == author else f" by {identity}"


def _extras(answer: dict[str, Any]) -> str:
    dkim = (answer.get("DkimAttributes") or {}).get("Status") or "not set up"
    mail_from = answer.get("MailFromAttributes") or {}
    domain = mail_from.get("MailFromDomain") or "that of SES"
    state = f" ({str(mail_from['MailFromDomainStatus']).lower()})" if mail_from.get("MailFromDomainStatus") else ""
    return f"DKIM {str(dkim).lower()}, MAIL FROM domain {domain}{state}"
