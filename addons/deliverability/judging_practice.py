"""What is said of how we send: whether anything sends at all, whether bounces come back, and what receivers complained about."""

from __future__ import annotations

from collections.abc import Iterator

from mailloom.api.checks import Severity

from .answers import Answers
from .findings import DomainFinding, Topic
from .models import Mode
from .situation import RATE_DAYS, Rates, SendingAccount, Situation

_FEW = 100
"""Below so many mails a rate says nothing."""
_COMPLAINTS_BAD, _COMPLAINTS_HIGH = 0.003, 0.001
_BOUNCES_BAD, _BOUNCES_HIGH = 0.10, 0.05


def practice_findings(situation: Situation, answers: Answers) -> Iterator[DomainFinding]:
    yield from _accounts(situation)
    for account in situation.accounts:
        yield _bounces(account, situation)
    yield _rate(
        Topic.RATES, "complaints", situation.rates, situation.rates.complaints, _COMPLAINTS_HIGH, _COMPLAINTS_BAD
    )
    yield _rate(Topic.RATES, "bounces", situation.rates, situation.rates.hard_bounces, _BOUNCES_HIGH, _BOUNCES_BAD)


def _accounts(situation: Situation) -> Iterator[DomainFinding]:
    if not situation.accounts:
        yield DomainFinding(
            topic=Topic.ACCOUNTS,
            about="",
            severity=Severity.BAD,
            text=f"No outgoing account sends for {situation.domain}.",
            expected="an account that was tested and whose From filter is empty or names the domain",
            remedy="Run: mailloom accounts add, then mailloom accounts test NAME",
        )
        return
    text = "; ".join(f"{each.name} ({_by(each)})" for each in situation.accounts)
    if situation.mode is Mode.CUSTOMER_SERVER:
        text += ". The customer's own server delivers: their IT is responsible for what follows, and “sent” means handed over"
    yield DomainFinding(topic=Topic.ACCOUNTS, about="", severity=Severity.GOOD, text=f"Sent by {text}.")
    for each in situation.accounts:
        if each.unreadable:
            yield DomainFinding(
                topic=Topic.ACCOUNTS,
                about=each.name,
                severity=Severity.UNKNOWN,
                text=f"Could not check: {each.unreadable}",
                remedy=f"Run: mailloom accounts test {each.name}",
            )


def _by(account: SendingAccount) -> str:
    if account.provider is not None:
        return account.provider.title
    return f"{account.host}:{account.port}" if account.host else account.kind


def _bounces(account: SendingAccount, situation: Situation) -> DomainFinding:
    """Whether somebody here reads what comes back to the account's envelope sender."""
    about, receiving = f"account {account.name}", situation.receiving
    envelope = account.envelope_domain
    why = "What bounces must be known, or dead addresses are written to again and again, which receivers punish."
    if not envelope:
        title = account.provider.title if account.provider else "the provider"
        text = f"Bounces go to {title}, which reports them by its webhook."
        return DomainFinding(topic=Topic.BOUNCES, about=about, severity=Severity.GOOD, text=text, why=why)
    if account.user and account.user in receiving.users:
        text = f"Bounces come to {account.user}, whose mailbox is read here."
        return DomainFinding(topic=Topic.BOUNCES, about=about, severity=Severity.GOOD, text=text, why=why)
    if receiving.listener or receiving.accounts:
        by = ", ".join([*(["our listener"] if receiving.listener else []), *receiving.accounts])
        text = f"Bounces come to {envelope}; mail is taken in by {by}."
        return DomainFinding(topic=Topic.BOUNCES, about=about, severity=Severity.GOOD, text=text, why=why)
    text = f"Bounces go to {envelope}, and nothing here reads them."
    if receiving.failing:
        text = f"Bounces go to {envelope}, but {', '.join(receiving.failing)} cannot be read at the moment."
    return DomainFinding(
        topic=Topic.BOUNCES,
        about=about,
        severity=Severity.BAD,
        text=text,
        expected="an incoming account that reads the mailbox to which bounces go, or our listener as its MX",
        why=why,
        remedy="Run: mailloom accounts add NAME --kind imap …, then mailloom accounts test NAME",
    )


def _rate(topic: Topic, about: str, rates: Rates, count: int, high: float, bad: float) -> DomainFinding:
    share = count / rates.sent if rates.sent else 0.0
    text = f"{count} {about} of {rates.sent} mails in {RATE_DAYS} days ({share:.2%})."
    if rates.sent < _FEW:
        few = f"{count} {about} of {rates.sent} mails in {RATE_DAYS} days: too few to judge."
        return DomainFinding(topic=topic, about=about, severity=Severity.GOOD, text=few)
    if share < high:
        return DomainFinding(topic=topic, about=about, severity=Severity.GOOD, text=text)
    return DomainFinding(
        topic=topic,
        about=about,
        severity=Severity.BAD if share >= bad else Severity.WARNING,
        text=text,
        expected=f"below {high:.1%}, never {bad:.1%}",
        why="Gmail and Yahoo stop helping senders above 0.3 % complaints; many bounces show that addresses were bought or are old.",
        remedy="Write to fewer and newer addresses, and only to those who asked for it; see: mailloom bounces list",
    )
