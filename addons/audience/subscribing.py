"""Getting on and off a list.

Who said no once comes back only by the link in a confirmation mail, whoever asks; so does everybody who signs up on a page, and on lists with
double opt-in all whose consent is not vouched for. Each step is a line of the member's history. The caller commits.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from mailloom.api import office_of
from mailloom.errors import NotFound, Refused
from mailloom.mail.address import normalise

from . import letters, links, objections
from .models import AudienceList, Change, Consent, Event, Evidence, Member, State, Subscription, list_of
from .people import Person, find_member, insert_new, member_for
from .settings import settings_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscribed:
    """What asking led to. `asked`: a confirmation mail was queued. `changed` False: it was so already."""

    member_id: int
    state: State
    changed: bool
    asked: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Confirmed:
    """`repeated`: the link had been used before."""

    list_id: int
    member_id: int
    repeated: bool


def subscribe(
    session: Session,
    to: AudienceList,
    person: Person,
    *,
    consent: Consent,
    evidence: Evidence | None = None,
    vouched: bool = False,
) -> Subscribed:
    """Put somebody on a list, or ask by mail whether he wants that. `vouched`: `evidence` says how he agreed, so that nobody need ask again.

    Raises Refused for an archived list, ConfigurationError for what is no address or cannot be kept.
    """
    if to.archived_at is not None:
        raise Refused(f"The list {to.name} is archived.", remedy=f"`mailloom lists archive {to.name} --undo` wakes it.")
    # Anybody can type anybody's address into a form, so a form never changes what we know.
    member, _ = member_for(session, person, consent, overwrite=consent is not Consent.FORM)
    current = session.get(Subscription, (to.id, member.id))
    said_no = _said_no(session, to, member, current)
    if current is not None and current.state is State.SUBSCRIBED and not said_no:
        if consent is Consent.FORM:
            # By its answer, and by the time it takes, a form must not tell who is on the list.
            _remind(session, to, member, evidence)
        return Subscribed(member_id=member.id, state=State.SUBSCRIBED, changed=False)
    if not said_no and consent is not Consent.FORM and (vouched or not to.double_opt_in):
        _put(session, to, member, State.SUBSCRIBED, consent, evidence or {})
        log(session, to.id, member.id, Event.SUBSCRIBED, source=consent, evidence=evidence)
        return Subscribed(member_id=member.id, state=State.SUBSCRIBED, changed=True)
    changed = current is None or current.state is not State.PENDING
    if changed:
        current = _put(session, to, member, State.PENDING, consent, evidence or {})
    assert current is not None
    asked = _ask(session, to, member, current, evidence)
    return Subscribed(member_id=member.id, state=State.PENDING, changed=changed, asked=asked)


def confirm(session: Session, token: str, *, evidence: Evidence | None = None) -> Confirmed:
    """The link of a confirmation mail was used. Refused when it is not ours, too old, or overtaken by what was said since."""
    found = request_of(session, token, lock=True)
    if found is None:
        raise Refused("This link is not valid any more.", remedy="Sign up once more to get a new one.")
    if found.state is State.SUBSCRIBED:
        return Confirmed(list_id=found.list_id, member_id=found.member_id, repeated=True)
    now = office_of(session).now()
    found.state, found.since, found.confirmed_at = State.SUBSCRIBED, now, now
    found.reason, found.left_before, found.left_all = "", False, False
    member = session.get_one(Member, found.member_id)
    to = session.get_one(AudienceList, found.list_id)
    objections.withdraw(session, member.key, to.topic, evidence or {})
    log(session, to.id, member.id, Event.CONFIRMED, source=found.consent, evidence=evidence)
    session.flush()
    return Confirmed(list_id=to.id, member_id=member.id, repeated=False)


def request_of(session: Session, token: str, *, lock: bool = False) -> Subscription | None:
    """The subscription that a link is about; None when it is not ours, too old, or overtaken by what was said since.

    `lock`: two who press the button at once come one after the other.
    """
    request = links.read(office_of(session), token)
    found = session.get(Subscription, (request.list_id, request.member_id), with_for_update=lock) if request else None
    return found if request is not None and found is not None and request.is_about(found) else None


def unsubscribe(
    session: Session,
    off: AudienceList,
    address: str,
    *,
    source: str,
    reason: str = "",
    evidence: Evidence | None = None,
) -> bool:
    """Take somebody off a list; False when he was off already. NotFound when he never was on it."""
    member = find_member(session, address)
    current = session.get(Subscription, (off.id, member.id)) if member else None
    if current is None:
        raise NotFound(f"{address} is not on the list {off.name}.", remedy="`mailloom subscribers list` shows who is.")
    return _leave(session, current, source=source, reason=reason, evidence=evidence)


def leave_all(session: Session, address: str, *, topic: str, source: str) -> None:
    """Somebody opted out, of one list or (topic '') of all; what he never subscribed to stays as it is."""
    chosen = select(Subscription).join(Member, Member.id == Subscription.member_id)
    chosen = chosen.where(Member.key == normalise(address))
    if topic:
        chosen = chosen.where(Subscription.list_id == list_of(topic))
    for subscription in session.scalars(chosen):
        if _leave(session, subscription, source=source, reason="opted out", evidence=None):
            subscription.left_all = topic == ""


def put_back(session: Session, current: Subscription, *, evidence: Evidence) -> None:
    """Somebody took a no back by a signed link of his own, which confirms as much as the first one did."""
    now = office_of(session).now()
    current.state, current.since, current.confirmed_at = State.SUBSCRIBED, now, now
    current.reason, current.left_before, current.left_all = "", False, False
    current.evidence = {**current.evidence, **evidence}
    session.flush()
    log(session, current.list_id, current.member_id, Event.RETURNED, source="page", evidence=evidence)


def log(
    session: Session,
    list_id: int,
    member_id: int,
    event: Event,
    *,
    source: str,
    evidence: Evidence | None = None,
    reason: str = "",
) -> None:
    """Write one line of a member's history."""
    line = Change(
        list_id=list_id,
        member_id=member_id,
        at=office_of(session).now(),
        event=event,
        source=source,
        evidence=dict(evidence or {}),
        reason=reason,
    )
    session.add(line)


def _said_no(session: Session, to: AudienceList, member: Member, current: Subscription | None) -> bool:
    return (current is not None and current.left_before) or member.key in objections.opted_out(
        session, [member.key], to.topic
    )


def _put(
    session: Session,
    to: AudienceList,
    member: Member,
    state: State,
    consent: Consent,
    evidence: Evidence,
) -> Subscription:
    now = office_of(session).now()
    values: Mapping[str, object] = {
        "state": state,
        "since": now,
        "consent": consent,
        "evidence": dict(evidence),
        "reason": "",
        "left_all": False,
        "asked_at": now if state is State.PENDING else None,
        "confirmed_at": None,
    }
    session.flush()
    insert_new(session, Subscription, {"list_id": to.id, "member_id": member.id, **values})
    found = session.get_one(Subscription, (to.id, member.id))
    for column, value in values.items():
        setattr(found, column, value)
    return found


def _ask(session: Session, to: AudienceList, member: Member, pending: Subscription, evidence: Evidence | None) -> bool:
    """Queue the mail with the link, unless this address got enough of them lately: strangers choose who gets it."""
    office = office_of(session)
    settings = settings_of(office)
    if _had_enough(session, member, settings.mails_per_day):
        return False
    expires = office.now() + timedelta(days=settings.confirm_days)
    url = links.confirm_url(office, pending, expires)
    office.enqueue(session, letters.confirmation(session, to, member, url, expires))
    log(session, to.id, member.id, Event.ASKED, source=pending.consent, evidence=evidence)
    return True


def _remind(session: Session, to: AudienceList, member: Member, evidence: Evidence | None) -> None:
    office = office_of(session)
    if not _had_enough(session, member, settings_of(office).mails_per_day):
        office.enqueue(session, letters.reminder(session, to, member))
        log(session, to.id, member.id, Event.REMINDED, source=Consent.FORM, evidence=evidence)


def _had_enough(session: Session, member: Member, mails_per_day: int) -> bool:
    since = office_of(session).now() - timedelta(days=1)
    recent = select(func.count()).select_from(Change).where(Change.member_id == member.id, Change.at > since)
    return (session.scalar(recent.where(Change.event.in_([Event.ASKED, Event.REMINDED]))) or 0) >= mails_per_day


def _leave(session: Session, current: Subscription, *, source: str, reason: str, evidence: Evidence | None) -> bool:
    if current.state is State.UNSUBSCRIBED:
        return False
    current.state, current.since, current.reason = State.UNSUBSCRIBED, office_of(session).now(), reason
    current.left_before, current.asked_at, current.confirmed_at = True, None, None
    log(
        session, current.list_id, current.member_id, Event.UNSUBSCRIBED, source=source, evidence=evidence, reason=reason
    )
    session.flush()
    return True
