"""What we know by ourselves about a sending domain: which accounts really send for it, how, and what came of it lately.

Read from the tables only, in the caller's session; no network is asked.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import ip_address
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from mailloom.addons.bounce.models import BounceEvent, Effect
from mailloom.addons.dkim.models import DkimKey, KeyState
from mailloom.addons.dkim.settings import DkimSettings
from mailloom.api import Office, Security
from mailloom.api.settings import CoreSettings
from mailloom.errors import MailloomError
from mailloom.mail.address import normalise
from mailloom.mail.dkim_keys import KeyKind, record_name
from mailloom.store.accounts import AccountRow, AccountState, Direction
from mailloom.store.domains import all_domains
from mailloom.store.messages import Message
from mailloom.store.outbox import Delivery, DeliveryState
from mailloom.store.system import AddonRow

from .models import Mode, SendingDomain
from .providers import MailFrom, Provider, by_host, by_name
from .settings import DeliverabilitySettings

RATE_DAYS = 30
_MAILING_ADDONS = ("mailing", "optout")
_TAKEN = (DeliveryState.SENT, DeliveryState.BOUNCED)
_PORTS = {Security.NONE: 25, Security.STARTTLS: 587, Security.TLS: 465}


@dataclass(frozen=True, slots=True, kw_only=True)
class SendingAccount:
    """An outgoing account that sends for the domain. `provider` None: a server of our own, or one that nobody knows."""

    name: str
    kind: str
    host: str = ""
    """'' for a program on this machine, and for providers that are reached by an API."""
    port: int | None = None
    encrypted: bool = True
    local: bool = False
    """On this machine or in a private network: what the world sees of it is not known from here."""
    provider: Provider | None = None
    signs: bool = False
    """The server signs with DKIM by itself; else the addon dkim does."""
    envelope_domain: str = ""
    """Domain of MAIL FROM; '' for the provider's own."""
    user: str = ""
    unreadable: str = ""
    """Why its settings could not be read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnKey:
    """A key of the addon dkim."""

    domain: str
    selector: str
    kind: KeyKind
    record: str
    signing: bool

    @property
    def name(self) -> str:
        return record_name(self.domain, self.selector)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rates:
    """Of mail taken by servers in the last 30 days."""

    sent: int = 0
    hard_bounces: int = 0
    complaints: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Receiving:
    """Whether something here takes in bounces and answers."""

    listener: bool = False
    accounts: tuple[str, ...] = ()
    """Incoming accounts at work that read a mailbox without trouble."""
    users: tuple[str, ...] = ()
    """Their log-in names, normalised, where these are addresses."""
    failing: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    domain: str
    ours: bool
    """It is one of our mail domains: replies and bounces come to us."""
    mode: Mode | None
    accounts: tuple[SendingAccount, ...]
    own_keys: tuple[OwnKey, ...]
    selectors: tuple[str, ...]
    serves_policy: bool
    policy_id: str
    receiving: Receiving
    rates: Rates
    sends_mailings: bool
    """An addon that sends marketing mail is at work."""
    base_url: str
    our_addresses: tuple[str, ...]
    reports_to: str


def sending_domains(session: Session) -> list[str]:
    """Our mail domains, those that people named, and those of From filters; each once, in that order."""
    found = [domain.name for domain in all_domains(session)]
    found += session.scalars(select(SendingDomain.domain).order_by(SendingDomain.domain))
    for row in _outgoing(session):
        entries = [str(entry).strip().lower().lstrip("@") for entry in row.settings.get("from_filter") or ()]
        found += [normalise(f"x@{entry}").rpartition("@")[2] for entry in entries if "@" not in entry]
    return [domain for domain in dict.fromkeys(found) if domain]


def situation_of(session: Session, office: Office, domain: str) -> Situation:
    settings, core = office.settings("deliverability"), office.settings("core")
    assert isinstance(settings, DeliverabilitySettings)
    assert isinstance(core, CoreSettings)
    row = session.get(SendingDomain, domain)
    ours = [each.name for each in all_domains(session)]
    bounce_domain = domain if domain in ours or not ours else ours[0]
    accounts = [each for each in _outgoing(session) if _sends_for(each, domain)]
    return Situation(
        domain=domain,
        ours=domain in ours,
        mode=row.mode if row else None,
        accounts=tuple(_account(session, office, each, domain, bounce_domain) for each in accounts),
        own_keys=_own_keys(session, domain),
        selectors=tuple(row.selectors) if row else (),
        serves_policy=bool(row and row.policy_mode),
        policy_id=row.policy_id if row else "",
        receiving=_receiving(session, office),
        rates=_rates(session, domain, office.now()),
        sends_mailings=any(_wanted(session, name) for name in _MAILING_ADDONS),
        base_url=core.base_url,
        our_addresses=tuple(settings.our_addresses),
        reports_to=settings.reports_to or f"postmaster@{domain}",
    )


def _outgoing(session: Session) -> Sequence[AccountRow]:
    """Drafts send nothing yet."""
    chosen = select(AccountRow).where(
        AccountRow.direction == Direction.OUTGOING,
        AccountRow.archived.is_(False),
        AccountRow.state != AccountState.DRAFT,
    )
    return session.scalars(chosen.order_by(AccountRow.sequence, AccountRow.id)).all()


def _sends_for(row: AccountRow, domain: str) -> bool:
    """As the choice of an account reads the From filter."""
    entries = [str(entry).strip().lower() for entry in row.settings.get("from_filter") or ()]
    if not entries:
        return True
    named = {normalise(entry if "@" in entry[1:] else f"x@{entry.lstrip('@')}").rpartition("@")[2] for entry in entries}
    return domain in named or domain == _domain_of(row.settings.get("default_from") or "")


def _account(session: Session, office: Office, row: AccountRow, domain: str, bounce_domain: str) -> SendingAccount:
    try:
        settings: Any = office.account(row.id).settings
    except MailloomError as error:
        return SendingAccount(name=row.name, kind=row.kind, unreadable=str(error))
    host, security = getattr(settings, "host", ""), getattr(settings, "security", Security.TLS)
    provider = by_host(host) if host else (by_name("ses") if row.kind.startswith("ses") else None)
    does = office.capabilities(row.id, session)
    sign_by_hand = office.settings("dkim")
    assert isinstance(sign_by_hand, DkimSettings)
    local = provider is None and (not host or _is_local(host))
    free = does is None or does.custom_mail_from
    return SendingAccount(
        name=row.name,
        kind=row.kind,
        host=host,
        port=getattr(settings, "port", None) or (_PORTS[security] if host else None),
        encrypted=security is not Security.NONE or local,
        local=local,
        provider=provider,
        signs=(does is not None and does.signs_dkim) or row.name in sign_by_hand.accounts_that_sign,
        envelope_domain=_envelope_domain(settings, provider, domain, bounce_domain, free=free),
        user=normalise(getattr(settings, "user", "")),
    )


def _envelope_domain(settings: Any, provider: Provider | None, domain: str, bounce_domain: str, *, free: bool) -> str:
    if settings.envelope_sender:
        return _domain_of(settings.envelope_sender)
    if provider is not None and provider.mail_from is MailFrom.PROVIDER:
        return ""
    if free:
        return bounce_domain
    return _domain_of(getattr(settings, "user", "")) or _domain_of(settings.default_from) or domain


def _domain_of(address: str) -> str:
    return normalise(address).rpartition("@")[2] if "@" in address else ""


def _is_local(host: str) -> bool:
    try:
        return not ip_address(host).is_global
    except ValueError:
        return host == "localhost" or "." not in host or host.endswith((".local", ".localdomain", ".internal", ".lan"))


def _own_keys(session: Session, domain: str) -> tuple[OwnKey, ...]:
    """Of the domain, else of the nearest one above it, as the signer chooses; those that sign or wait."""
    chosen = select(DkimKey).where(DkimKey.state.in_([KeyState.SIGNING, KeyState.WAITING])).order_by(DkimKey.id)
    name = domain
    while "." in name:
        if rows := session.scalars(chosen.where(DkimKey.domain == name)).all():
            return tuple(
                OwnKey(domain=row.domain, selector=row.selector, kind=row.kind, record=row.record,
                       signing=row.state is KeyState.SIGNING)
                for row in rows
            )  # fmt: skip
        name = name.partition(".")[2]
    return ()


def _receiving(session: Session, office: Office) -> Receiving:
    chosen = select(AccountRow).where(
        AccountRow.direction == Direction.INCOMING,
        AccountRow.archived.is_(False),
        AccountRow.state.in_([AccountState.CONFIRMED, AccountState.FAILING]),
    )
    rows = session.scalars(chosen.order_by(AccountRow.id)).all()
    working = [row for row in rows if row.state is AccountState.CONFIRMED]
    return Receiving(
        listener=_wanted(session, "listener"),
        accounts=tuple(row.name for row in working),
        users=tuple(user for row in working if (user := normalise(row.settings.get("user") or ""))),
        failing=tuple(row.name for row in rows if row.state is AccountState.FAILING),
    )


def _wanted(session: Session, addon: str) -> bool:
    row = session.get(AddonRow, addon)
    return row is not None and row.wanted


def _rates(session: Session, domain: str, now: datetime) -> Rates:
    since = now - timedelta(days=RATE_DAYS)
    of_domain = Message.from_address.endswith(f"@{domain}", autoescape=True)
    sent = select(func.count(Delivery.id)).join(Message, Message.id == Delivery.message_id)
    sent = sent.where(Delivery.state.in_(_TAKEN), Delivery.settled_at >= since, of_domain)
    events = select(BounceEvent.effect, func.count(BounceEvent.id)).join(Message, Message.id == BounceEvent.message_id)
    events = events.where(BounceEvent.at >= since, of_domain).group_by(BounceEvent.effect)
    counted: dict[Effect, int] = {row[0]: row[1] for row in session.execute(events)}
    return Rates(
        sent=session.scalar(sent) or 0,
        hard_bounces=counted.get(Effect.HARD, 0),
        complaints=counted.get(Effect.COMPLAINT, 0),
    )
