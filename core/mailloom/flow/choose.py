"""Which outgoing account sends a mail, and why not the others.

An account whose From filter names the exact address comes first, then one whose filter names the domain, then one without filter, last one that
sends for others under its own default From ("Ann via Helpdesk"). Among equals the lower sequence wins; an account that is paused comes after all
that are not: mail for it waits.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum

from sqlalchemy import select
from sqlalchemy.orm import Session

from mailloom.errors import NotFound, Refused
from mailloom.mail.address import normalise
from mailloom.store.accounts import AccountRow, AccountState, Direction


class Match(IntEnum):
    """How an account fits a From address; lower is better."""

    EXACT = 0
    DOMAIN = 1
    ANY = 2
    WRAPPED = 3
    """Only under the account's own default From."""


_FITS = {
    Match.EXACT: "its From filter names {address}",
    Match.DOMAIN: "its From filter names the domain {domain}",
    Match.ANY: "it has no From filter",
    Match.WRAPPED: "its From filter leaves {address} out, so it sends as {default_from} in the sender's name",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class OutgoingAccount:
    """What choosing and composing need to know of an account; no secrets."""

    id: int
    name: str
    kind: str
    state: AccountState
    sequence: int
    from_addresses: frozenset[str]
    from_domains: frozenset[str]
    default_from: str
    envelope_sender: str
    max_message_bytes: int | None
    paused_reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """One account's part in a choice. `match` None: it cannot be used, `reason` says why."""

    account: OutgoingAccount
    match: Match | None
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """The account to use (None when there is none), why, and what was said of every account."""

    account: OutgoingAccount | None
    match: Match | None
    reason: str
    candidates: Sequence[Candidate]


def outgoing_accounts(session: Session) -> list[OutgoingAccount]:
    """All outgoing accounts that are not archived, in the order of their sequence."""
    chosen = (
        select(AccountRow)
        .where(AccountRow.direction == Direction.OUTGOING, AccountRow.archived.is_(False))
        .order_by(AccountRow.sequence, AccountRow.id)
    )
    return [_as_seen(row) for row in session.scalars(chosen)]


def choose(accounts: Sequence[OutgoingAccount], from_address: str, *, wrap: bool = True) -> Choice:
    """The account for a normalised From address; '' stands for the account's default From.

    `wrap` False leaves out accounts that could only send under another From (the mail is composed already).
    """
    candidates = [_judge(account, from_address, wrap) for account in accounts]
    usable = [candidate for candidate in candidates if candidate.match is not None]
    if not usable:
        reason = "no outgoing account can be used" if accounts else "there is no outgoing account"
        return Choice(account=None, match=None, reason=reason, candidates=candidates)
    best = min(usable, key=_order)
    return Choice(account=best.account, match=best.match, reason=best.reason, candidates=candidates)


def choose_by_name(accounts: Sequence[OutgoingAccount], name: str, from_address: str) -> Choice:
    """The account that the caller named; NotFound or Refused when it cannot be used."""
    for account in accounts:
        if account.name == name:
            return _demanded(account, from_address, "it was asked for by name")
    raise NotFound(f"There is no outgoing account {name!r}.", remedy="`mailloom accounts list` shows them.")


def choose_by_id(accounts: Sequence[OutgoingAccount], number: int, from_address: str) -> Choice | None:
    """The account that an addon chose; None when it cannot be used, and the core's own rules decide."""
    for account in accounts:
        if account.id == number and account.state is not AccountState.DRAFT:
            return _demanded(account, from_address, "an addon chose it")
    return None


def _demanded(account: OutgoingAccount, from_address: str, reason: str) -> Choice:
    judged = _judge(account, from_address, wrap=True)
    if judged.match is None:
        raise Refused(
            f"Account {account.name} cannot send this mail: {judged.reason}.",
            remedy="Choose another account, or change this one.",
        )
    return Choice(account=account, match=judged.match, reason=reason, candidates=[judged])


def _order(candidate: Candidate) -> tuple[bool, int, int, int]:
    account = candidate.account
    paused = account.state is AccountState.PAUSED
    return (paused, candidate.match or 0, account.sequence, account.id)


def _judge(account: OutgoingAccount, from_address: str, wrap: bool) -> Candidate:
    if account.state is AccountState.DRAFT:
        return Candidate(account=account, match=None, reason="it is a draft: no test has passed yet")
    match = _match(account, from_address)
    if match is Match.WRAPPED and not (wrap and account.default_from):
        missing = "" if account.default_from else ", and it has no default From"
        return Candidate(
            account=account, match=None, reason=f"its From filter leaves {from_address or 'it'} out{missing}"
        )
    if not from_address and not account.default_from:
        return Candidate(account=account, match=None, reason="the mail names no From, and it has no default From")
    domain = from_address.rpartition("@")[2]
    reason = _FITS[match].format(address=from_address, domain=domain, default_from=account.default_from)
    if not from_address:
        reason = f"it sends as {account.default_from}"
    if account.state is AccountState.PAUSED:
        reason += "; it is paused, so the mail waits"
    return Candidate(account=account, match=match, reason=reason)


def _match(account: OutgoingAccount, from_address: str) -> Match:
    if not from_address or not (account.from_addresses or account.from_domains):
        return Match.ANY
    if from_address in account.from_addresses:
        return Match.EXACT
    if from_address.rpartition("@")[2] in account.from_domains:
        return Match.DOMAIN
    if from_address == normalise(account.default_from):
        return Match.EXACT
    return Match.WRAPPED


def _as_seen(row: AccountRow) -> OutgoingAccount:
    entries = [str(entry).strip().lower() for entry in row.settings.get("from_filter") or ()]
    addresses = {normalise(entry) for entry in entries if "@" in entry.lstrip("@")}
    domains = {normalise(f"x@{entry.lstrip('@')}").rpartition("@")[2] for entry in entries if "@" not in entry[1:]}
    return OutgoingAccount(
        id=row.id,
        name=row.name,
        kind=row.kind,
        state=row.state,
        sequence=row.sequence,
        from_addresses=frozenset(addresses - {""}),
        from_domains=frozenset(domains - {""}),
        default_from=row.settings.get("default_from") or "",
        envelope_sender=row.settings.get("envelope_sender") or "",
        max_message_bytes=row.settings.get("max_message_bytes"),
        paused_reason=row.paused_reason,
    )
