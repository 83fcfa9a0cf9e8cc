"""The life of keys: made, published, verified, signing, retired, revoked. Every step is written down.

A key signs nothing before it was seen in the DNS. The first of its domain and kind signs at once then; a later one waits `wait_hours`, until every
cache has it, and takes over. The old one must stay published for `keep_days`; then its private half is removed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from mailloom.api import Office
from mailloom.errors import Refused
from mailloom.mail.address import normalise
from mailloom.mail.dkim_keys import KeyKind, generate, load_key, public_record

from .models import DkimKey, DkimStep, KeyState
from .publishing import Look, Seen, look
from .settings import DkimSettings

_SUFFIX = {KeyKind.RSA: "", KeyKind.ED25519: "e"}


def domain_name(text: str) -> str:
    """A-labels in lower case; Refused for what is no domain."""
    name = normalise(f"x@{text.strip()}").removeprefix("x@")
    if "." not in name or name.startswith("["):
        raise Refused(f"{text!r} is no domain.", remedy="Write it like example.org.")
    return name


def add_key(session: Session, office: Office, domain: str, kind: KeyKind) -> DkimKey:
    """A new pair that waits to be published. Refused while another of its domain and kind waits."""
    waiting = select(DkimKey.id).where(
        DkimKey.domain == domain, DkimKey.kind == kind, DkimKey.state == KeyState.WAITING
    )
    if session.scalar(waiting.limit(1)) is not None:
        raise Refused(
            f"A new {kind} key of {domain} waits to be published already.",
            remedy=f"See: mailloom dkim record {domain}",
        )
    pem = generate(kind)
    selector = _free_selector(session, domain, kind, office.now())
    key = DkimKey(
        domain=domain,
        selector=selector,
        kind=kind,
        private=office.seal(pem),
        record=public_record(load_key(pem, domain=domain, selector=selector)),
        state=KeyState.WAITING,
        created_at=office.now(),
    )
    session.add(key)
    session.flush()
    _note(session, key, office.now(), "made; its record has to be published")
    return key


def rotate(session: Session, office: Office, domain: str) -> list[DkimKey]:
    """A new key for each kind that signs. Refused when none does, or a new one waits already."""
    kinds = session.scalars(
        select(DkimKey.kind).where(DkimKey.domain == domain, DkimKey.state == KeyState.SIGNING).order_by(DkimKey.id)
    ).all()
    if not kinds:
        raise Refused(f"No key of {domain} signs yet.", remedy=f"Make one: mailloom dkim create {domain}")
    return [add_key(session, office, domain, kind) for kind in kinds]


def advance(office: Office, domain: str | None = None) -> list[str]:
    """Look at every key's record and take the steps that are due; one sentence for each. The DNS is asked before anything is locked."""
    settings = office.settings("dkim")
    assert isinstance(settings, DkimSettings)
    chosen = select(DkimKey).order_by(DkimKey.id)
    if domain is not None:
        chosen = chosen.where(DkimKey.domain == domain)
    with office.read() as session:
        keys = list(session.scalars(chosen))
        looks = {key.id: look(key, office.resolver) for key in keys}
    with office.write() as session:
        keys = list(session.scalars(chosen.where(DkimKey.id.in_(looks))))
        steps = [step for key in keys if (step := _advance(session, office, settings, key, looks[key.id]))]
        return steps + _renew(session, office, settings, keys)


def _advance(session: Session, office: Office, settings: DkimSettings, key: DkimKey, found: Look) -> str:
    """The step that one key took, '' for none."""
    now = office.now()
    before = key.finding
    key.checked_at, key.finding = now, found.text
    if found.seen is not Seen.UNKNOWN:
        key.seen_at = (key.seen_at or now) if found.seen is Seen.PUBLISHED else None
    match key.state:
        case KeyState.WAITING if key.seen_at is not None and found.seen is Seen.PUBLISHED:
            return _take_over(session, settings, key, now)
        case KeyState.SIGNING if found.seen not in (Seen.PUBLISHED, Seen.UNKNOWN) and before != found.text:
            return _alarm(session, office, key, found)
        case KeyState.RETIRED if key.retired_at is not None and now - key.retired_at >= timedelta(
            days=settings.keep_days
        ):
            key.state, key.private = KeyState.REVOKED, None
            return _note(session, key, now, "revoked, its private half removed; empty its p= or remove its record")
    return ""


def _take_over(session: Session, settings: DkimSettings, key: DkimKey, now: datetime) -> str:
    old = session.scalars(
        select(DkimKey).where(DkimKey.domain == key.domain, DkimKey.kind == key.kind, DkimKey.state == KeyState.SIGNING)
    ).all()
    assert key.seen_at is not None
    if old and now - key.seen_at < timedelta(hours=settings.wait_hours):
        return (
            ""
            if key.seen_at != now
            else _note(session, key, now, f"seen in the DNS; takes over after {settings.wait_hours} hours")
        )
    key.state, key.signing_at = KeyState.SIGNING, now
    for each in old:
        each.state, each.retired_at = KeyState.RETIRED, now
        _note(session, each, now, f"retired; its record must stay for {settings.keep_days} days")
    return _note(session, key, now, "verified in the DNS; signs from now on")


def _alarm(session: Session, office: Office, key: DkimKey, found: Look) -> str:
    office.raise_alarm(
        session,
        f"dkim {key.domain}",
        f"Mail of {key.domain} is signed with a key that receivers cannot find: {found.text}.",
        f"Publish its record again: mailloom dkim record {key.domain}",
    )
    return _note(session, key, office.now(), f"lost from the DNS: {found.text}")


def _renew(session: Session, office: Office, settings: DkimSettings, keys: Sequence[DkimKey]) -> list[str]:
    """New keys for those that have signed long enough."""
    if settings.rotate_after_days is None:
        return []
    due = office.now() - timedelta(days=settings.rotate_after_days)
    waiting = {(key.domain, key.kind) for key in keys if key.state is KeyState.WAITING}
    steps = []
    for key in keys:
        old = key.state is KeyState.SIGNING and key.signing_at is not None and key.signing_at <= due
        if not old or (key.domain, key.kind) in waiting:
            continue
        fresh = add_key(session, office, key.domain, key.kind)
        office.raise_alarm(
            session,
            f"dkim {key.domain}",
            f"The key {key.selector} of {key.domain} is old; {fresh.selector} shall follow it.",
            f"Publish its record: mailloom dkim record {key.domain}",
        )
        steps.append(f"{fresh.name}: made")
    return steps


def _free_selector(session: Session, domain: str, kind: KeyKind, now: datetime) -> str:
    """`ml202603`, `ml202603b`, …; Ed25519 with an e after the month."""
    known = set(session.scalars(select(DkimKey.selector).where(DkimKey.domain == domain)))
    base = f"ml{now:%Y%m}{_SUFFIX[kind]}"
    number = 1
    while (selector := base if number == 1 else f"{base}-{number}") in known:
        number += 1
    return selector


def _note(session: Session, key: DkimKey, now: datetime, text: str) -> str:
    session.add(DkimStep(key_id=key.id, at=now, text=text))
    return f"{key.name}: {text}"


def steps_of(session: Session, keys: Sequence[DkimKey]) -> Mapping[int, Sequence[DkimStep]]:
    """What happened to each key, in order."""
    found: dict[int, list[DkimStep]] = {key.id: [] for key in keys}
    for step in session.scalars(select(DkimStep).where(DkimStep.key_id.in_(found)).order_by(DkimStep.id)):
        found[step.key_id].append(step)
    return found
