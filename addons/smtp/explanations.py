"""The usual refusals of SMTP servers in plain language: what it means and what to do.

A row fits when its code is among the reply's codes ('' fits all) and one of its phrases, in lower case, is in the text (none fits all). The
first that fits wins, so the particular stand before the general. Addons that know providers better answer before this table is asked.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from mailloom.api import Explanation, FailureClass

CONFIG, TEMPORARY, LIMIT = FailureClass.CONFIG, FailureClass.TEMPORARY, FailureClass.LIMIT
HARD, POLICY, CONTENT = FailureClass.HARD, FailureClass.POLICY, FailureClass.CONTENT


class _Row(NamedTuple):
    codes: tuple[str, ...]
    phrases: tuple[str, ...]
    failure: FailureClass
    meaning: str
    remedy: str


_ROWS: Final = (
    _Row(
        ("530", "550", "554", "451"),
        ("starttls", "encryption required", "must issue a starttls", "requires tls"),
        CONFIG,
        "the server wants an encrypted connection",
        "Choose STARTTLS or TLS for the account.",
    ),
    _Row(
        ("535", "534"),
        ("application-specific password", "app password", "application password"),
        CONFIG,
        "the account has two-step login, and its ordinary password is not taken here",
        "Make an app password at the provider and enter that one.",
    ),
    _Row(
        ("535", "534"),
        ("web browser", "weblogin"),
        CONFIG,
        "the provider found the login suspicious",
        "Log in with a web browser, confirm that it was you, and try again.",
    ),
    _Row(
        ("535", "534"),
        ("smtpclientauthentication is disabled", "basic authentication is disabled"),
        CONFIG,
        "login by password is switched off for this mailbox",
        "Connect the account by OAuth 2, or have the administrator allow SMTP AUTH.",
    ),
    _Row(
        ("454", "432", "421", "451"),
        (
            "too many login",
            "temporary authentication",
            "cannot authenticate due to temporary",
            "concurrent connections",
        ),
        TEMPORARY,
        "the server does not take logins just now",
        "It is tried again; use fewer connections if it goes on.",
    ),
    _Row(
        ("535",),
        (),
        CONFIG,
        "user name or password are wrong, or this login is not allowed",
        "Check both; many providers want the whole address as user name and an app password.",
    ),
    _Row(
        ("530", "538", "534", "550", "553", "554"),
        (
            "authentication required",
            "authenticate first",
            "auth first",
            "not authenticated",
            "smtp auth",
            "must authenticate",
            "client was not authenticated",
        ),
        CONFIG,
        "the server wants a login before it takes mail",
        "Set authentication, user and password.",
    ),
    _Row(
        ("530", "538", "534"),
        (),
        CONFIG,
        "the server wants another way of logging in",
        "Check authentication and security of the account.",
    ),
    _Row(
        ("",),
        ("greylist", "gray-list", "greylisted", "grey listed"),
        TEMPORARY,
        "greylisting: the server lets unknown senders wait",
        "Nothing to do; the mail is tried again.",
    ),
    _Row(
        ("",),
        (
            "relay limit exceeded",
            "sending quota",
            "daily user sending",
            "submissionquota",
            "daily message quota",
            "daily limit",
            "hourly limit",
            "sending limit",
            "outgoing limit",
        ),
        LIMIT,
        "the account has used up what the provider lets it send",
        "Sending goes on when the provider's period is over; lower the account's limits or use a second account.",
    ),
    _Row(
        ("",),
        ("maximum sending rate", "too many messages", "rate limit", "ratelimit", "too fast", "too quickly", "throttl"),
        TEMPORARY,
        "mail comes faster than the server wants it",
        "Lower the account's rate; the mail is tried again.",
    ),
    _Row(
        ("",),
        (
            "relay access denied",
            "relaying denied",
            "unable to relay",
            "relay not permitted",
            "not permitted to relay",
            "we do not relay",
        ),
        CONFIG,
        "the server does not send to others for this machine or login",
        "Log in, or have the server's administrator allow this machine to relay.",
    ),
    _Row(
        ("",),
        (
            "not owned by user",
            "sendasdenied",
            "not allowed to send as",
            "sender address rejected: not",
            "not permitted to send",
            "sender mismatch",
            "from address is not",
            "email address is not verified",
        ),
        CONFIG,
        "the server does not let this login send with that sender address",
        "Use the login's own address as From and envelope sender, or have the address allowed.",
    ),
    _Row(
        ("",),
        (
            "sender address rejected: domain not found",
            "domain of sender address",
            "sender domain must exist",
            "sender domain not found",
        ),
        CONFIG,
        "the envelope sender's domain does not exist in DNS",
        "Correct the envelope sender or publish its domain.",
    ),
    _Row(
        ("",),
        (
            "spamhaus",
            "dnsbl",
            "blocked using",
            "blacklist",
            "blocklist",
            "block list",
            "poor reputation",
            "bad reputation",
        ),
        POLICY,
        "the sending machine or domain has a bad name",
        "Find out why it is listed, end the cause, then ask for removal.",
    ),
    _Row(
        ("",),
        ("dmarc", "spf", "dkim", "ptr record", "reverse dns"),
        POLICY,
        "the server wants the domain's mail authenticated in DNS",
        "Check SPF, DKIM, DMARC and the reverse name of the sending machine.",
    ),
    _Row(
        ("4.5.3", "5.5.3"),
        (),
        TEMPORARY,
        "too many recipients in one mail for this server",
        "Nothing to do; the rest goes with the next mail.",
    ),
    _Row(
        ("5.3.4", "5.2.3", "4.3.4"),
        (),
        CONTENT,
        "the mail is larger than the server takes",
        "Send a smaller attachment or a link.",
    ),
    _Row(
        ("552", "554", "550"),
        ("size limit", "too large", "too big", "message size"),
        CONTENT,
        "the mail is larger than the server takes",
        "Send a smaller attachment or a link.",
    ),
    _Row(
        ("5.1.1", "5.1.10", "5.1.6"),
        (),
        HARD,
        "this mailbox does not exist",
        "Correct the address or write to it no more.",
    ),
    _Row(
        ("550", "553", "551", "554"),
        (
            "user unknown",
            "unknown user",
            "no such user",
            "does not exist",
            "no mailbox here",
            "unknown recipient",
            "recipient not found",
            "invalid recipient",
        ),
        HARD,
        "this mailbox does not exist",
        "Correct the address or write to it no more.",
    ),
    _Row(("5.1.2",), (), HARD, "the address' domain takes no mail", "Correct the address."),
    _Row(
        ("5.2.2", "4.2.2", "552", "452"),
        ("full", "quota", "storage"),
        TEMPORARY,
        "the mailbox is full",
        "The recipient must make room; the mail is tried again where the server allows it.",
    ),
    _Row(
        ("5.6.7",),
        (),
        HARD,
        "the address has letters which a server on the way cannot carry",
        "Use an address in plain ASCII.",
    ),
    _Row(
        ("",),
        ("virus", "malware", "blocked attachment", "attachment type", "content rejected"),
        CONTENT,
        "the server does not take what the mail contains",
        "Send it without that content.",
    ),
    _Row(
        ("",),
        ("spam", "junk mail", "unsolicited"),
        POLICY,
        "the server takes the mail for spam",
        "Check what is sent, to whom, and how the domain is authenticated.",
    ),
)

_GENERIC: Final = (
    _Row(("421",), (), TEMPORARY, "the server closes the connection for now", "It is tried again."),
    _Row(("4",), (), TEMPORARY, "the server cannot take it now", "It is tried again."),
    _Row(
        ("500", "501", "502", "503", "504"),
        (),
        CONFIG,
        "the server does not understand us",
        "Something between may change what is said (firewall, virus scanner); see the server's log.",
    ),
    _Row(("5",), (), POLICY, "the server refuses for good", "See the server's words."),
)

_CODES: Final = re.compile(r"\b([245]\d\d)\b(?:[ -]([245]\.\d{1,3}\.\d{1,3})\b)?")


def explain(reply: str) -> Explanation | None:
    """The meaning of a reply's text that begins with its code; None for what is no refusal."""
    head = _CODES.match(reply[:20])
    if head is None or head[1][0] not in "45":
        return None
    codes = {"", head[1], head[2] or head[1]}
    text = reply[:2000].lower()
    for row in _ROWS:
        if not codes.isdisjoint(row.codes) and _said(row, text):
            return Explanation(failure=row.failure, meaning=row.meaning, remedy=row.remedy)
    row = next(row for row in _GENERIC if head[1].startswith(row.codes))
    return Explanation(failure=row.failure, meaning=row.meaning, remedy=row.remedy, generic=True)


def _said(row: _Row, text: str) -> bool:
    return not row.phrases or any(phrase in text for phrase in row.phrases)
