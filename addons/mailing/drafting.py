"""Making a mailing and changing its words: what a person enters is checked here, and kept as it goes out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from mailloom.errors import ConfigurationError, NotFound, Refused
from mailloom.mail.address import Address, normalise, parse_addresses

from .history import found, note
from .inlining import inlined, text_of
from .models import Mailing, MailingEnclosure, MailingState, Variant, Winner
from .rendering import Words
from .skeleton import File
from .targets import Target, read_target

LARGEST_ENCLOSURES = 20 * 1024 * 1024
_LABELS = "ABCDEFGH"
_LONGEST_NAME = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """The words of one variant as somebody wrote them. `text` '' is made from the HTML."""

    subject: str
    html: str = ""
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """All of a mailing that is not its words. `topic` None: the list's, where the target is one list."""

    name: str
    target: Target
    sender: str = ""
    reply_to: str = ""
    account: str = ""
    topic: str | None = None
    sample_percent: int = 100
    winner_by: Winner = Winner.HAND
    winner_hours: int = 4
    files: Sequence[File] = field(default_factory=tuple)


def create(session: Session, plan: Plan, contents: Sequence[Content], *, actor: str, now: datetime) -> Mailing:
    """A draft with a variant for each content. ConfigurationError says what does not fit; the caller commits."""
    if not 1 <= len(contents) <= len(_LABELS):
        raise ConfigurationError(f"A mailing has 1 to {len(_LABELS)} variants, not {len(contents)}.")
    mailing = Mailing(name="", created_at=now, created_by=actor[:100])
    _plan(mailing, plan)
    session.add(mailing)
    session.flush()
    for label, content in zip(_LABELS, contents, strict=False):
        session.add(_variant(mailing.id, label, content))
    _enclose(session, mailing.id, plan.files)
    note(session, mailing.id, "created", actor=actor, why="", now=now)
    return mailing


def change_plan(session: Session, mailing_id: int, plan: Plan, *, actor: str, now: datetime) -> None:
    """Only of a draft: afterwards the ledger rests on it. Files are replaced where the plan names any."""
    mailing = found(session, mailing_id)
    if mailing.state is not MailingState.DRAFT:
        raise Refused(
            f"Mailing {mailing_id} is {mailing.state}.", remedy="Only a draft's target and sender can change."
        )
    _plan(mailing, plan)
    if plan.files:
        for old in session.scalars(select(MailingEnclosure).where(MailingEnclosure.mailing_id == mailing_id)):
            session.delete(old)
        _enclose(session, mailing_id, plan.files)
    note(session, mailing_id, "edited", actor=actor, why="target, sender or files", now=now)


def change_content(
    session: Session, mailing_id: int, label: str, content: Content, *, actor: str, now: datetime
) -> Variant:
    """New words for whoever was not written to yet. Of a draft, or of a mailing that is paused; the caller commits."""
    mailing = found(session, mailing_id)
    if mailing.state not in (MailingState.DRAFT, MailingState.QUEUED, MailingState.PAUSED):
        raise Refused(f"Mailing {mailing_id} is {mailing.state}.", remedy="Pause it before its words are changed.")
    current = next((variant for variant in variants_of(session, mailing_id) if variant.label == label), None)
    if current is None:
        raise NotFound(f"Mailing {mailing_id} has no variant {label!r}.")
    fresh = _variant(mailing_id, label, content)
    if current.message_id is None:
        session.delete(current)
    else:
        current.retired_at = now
    session.add(fresh)
    note(session, mailing_id, "edited", actor=actor, why=f"the words of variant {label}", now=now)
    return fresh


def add_variant(session: Session, mailing_id: int, *, actor: str, now: datetime) -> Variant:
    """One more variant, with the words of the first, under the next free label. Only of a draft; the caller commits."""
    _must_be_draft(session, mailing_id)
    current = variants_of(session, mailing_id)
    free = [label for label in _LABELS if label not in {variant.label for variant in current}]
    if not free:
        raise Refused(f"A mailing has at most {len(_LABELS)} variants.")
    first = current[0]
    fresh = _variant(mailing_id, free[0], Content(subject=first.subject, html=first.html, text=first.text))
    session.add(fresh)
    note(session, mailing_id, "edited", actor=actor, why=f"variant {fresh.label} added", now=now)
    return fresh


def remove_variant(session: Session, mailing_id: int, label: str, *, actor: str, now: datetime) -> None:
    """Only of a draft, and never the last one; the caller commits."""
    _must_be_draft(session, mailing_id)
    current = variants_of(session, mailing_id)
    chosen = next((variant for variant in current if variant.label == label), None)
    if chosen is None:
        raise NotFound(f"Mailing {mailing_id} has no variant {label!r}.")
    if len(current) == 1:
        raise Refused("A mailing says something.", remedy="Change the words of its only variant.")
    session.delete(chosen)
    note(session, mailing_id, "edited", actor=actor, why=f"variant {label} removed", now=now)


def _must_be_draft(session: Session, mailing_id: int) -> None:
    state = found(session, mailing_id).state
    if state is not MailingState.DRAFT:
        raise Refused(f"Mailing {mailing_id} is {state}.", remedy="Only a draft's variants can be added and removed.")


def variants_of(session: Session, mailing_id: int) -> list[Variant]:
    """Those in use, by label."""
    chosen = select(Variant).where(Variant.mailing_id == mailing_id, Variant.retired_at.is_(None))
    return list(session.scalars(chosen.order_by(Variant.label)))


def files_of(session: Session, mailing_id: int) -> list[File]:
    chosen = select(MailingEnclosure).where(MailingEnclosure.mailing_id == mailing_id).order_by(MailingEnclosure.id)
    return [
        File(name=row.name, content_type=row.content_type, content=row.content, content_id=row.content_id)
        for row in session.scalars(chosen)
    ]


def address_of(text: str, what: str) -> Address | None:
    """The one address of a field; None when it is empty. ConfigurationError when it holds none, or several."""
    if not text:
        return None
    addresses = parse_addresses(text)
    if len(addresses) != 1 or not normalise(addresses[0].address):
        raise ConfigurationError(
            f"{what}: {text[:80]!r} is not one mail address.", remedy="Write: Ann <ann@example.org>"
        )
    return addresses[0]


def _plan(mailing: Mailing, plan: Plan) -> None:
    name = plan.name.strip()
    if not name or len(name) > _LONGEST_NAME or not name.isprintable():
        raise ConfigurationError(f"The name of a mailing has 1 to {_LONGEST_NAME} printable characters.")
    if not 1 <= plan.sample_percent <= 100:
        raise ConfigurationError("The sample is 1 to 100 percent of the recipients.")
    if not 0 <= plan.winner_hours <= 24 * 14:
        raise ConfigurationError("A winner is chosen within two weeks: 0 to 336 hours after the sample was sent.")
    address_of(plan.sender, "From")
    address_of(plan.reply_to, "Reply-To")
    target = read_target(plan.target.model_dump(mode="json", by_alias=True))
    mailing.name, mailing.sender, mailing.reply_to = name, plan.sender, plan.reply_to
    mailing.account, mailing.sample_percent = plan.account, plan.sample_percent
    mailing.winner_by, mailing.winner_hours = plan.winner_by, plan.winner_hours
    mailing.topic = (target.topic if plan.topic is None else plan.topic)[:64]
    mailing.target = target.model_dump(mode="json", by_alias=True)


def _variant(mailing_id: int, label: str, content: Content) -> Variant:
    variant = Variant(
        mailing_id=mailing_id,
        label=label,
        subject=content.subject,
        html=content.html,
        inlined=inlined(content.html),
        text=content.text or text_of(content.html),
    )
    if not content.subject.strip():
        raise ConfigurationError("A mail needs a subject.")
    Words(variant)
    return variant


def _enclose(session: Session, mailing_id: int, files: Sequence[File]) -> None:
    size = sum(len(file.content) for file in files)
    if size > LARGEST_ENCLOSURES:
        raise ConfigurationError(
            f"The files have {size} bytes; {LARGEST_ENCLOSURES} are allowed.", remedy="Link to them instead."
        )
    session.add_all(
        MailingEnclosure(
            mailing_id=mailing_id,
            name=file.name[:255],
            content_type=file.content_type[:255],
            content_id=file.content_id[:255],
            content=file.content,
            size=len(file.content),
        )
        for file in files
    )
    session.flush()
