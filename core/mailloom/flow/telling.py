"""Telling people: followers of a thread, those who wrote to it, single contacts.

Nobody is told of his own message (all his known addresses count), nobody gets twice what he got directly, notes stay inside, automatic
messages tell nobody. Whom the contact's preference names the inbox finds it there, everybody else gets a mail of his own.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from mailloom.api.drafts import Draft, Enclosure, Purpose, Recipient
from mailloom.api.office import Office
from mailloom.flow.contacts import keys_of, known_contacts
from mailloom.flow.threads import ancestor_ids, correspondents
from mailloom.mail.address import Address, normalise, parse_addresses
from mailloom.mail.threading import reply_to_value, sender_via
from mailloom.registry.calls import Hooks
from mailloom.store.contacts import Contact, Notify
from mailloom.store.domains import all_domains, domain_or_first
from mailloom.store.messages import InboxItem, Message, MessageKind, MessageRecipient, RecipientRole
from mailloom.store.threads import Follower, Thread

IsOurs = Callable[[str], bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """What is told: the message's words as they go out, with what is enclosed."""

    text: str
    html: str = ""
    enclosures: Sequence[Enclosure] = ()


def tell_thread(
    session: Session,
    office: Office,
    hooks: Hooks,
    thread: Thread,
    message: Message,
    letter: Letter,
    *,
    also: Sequence[Address] = (),
) -> list[str]:
    """Tell followers, and for a comment of ours those outside who take part and `also`; returns the addresses written to."""
    skip = _already_have_it(session, message)
    people = [contact for contact in _followers(session, thread, message) if not _is_skipped(contact, skip)]
    by_inbox = [contact for contact in people if contact.notify is Notify.INBOX]
    session.add_all(InboxItem(contact_id=contact.id, message_id=message.id) for contact in by_inbox)
    told = {key for contact in people for key in _contact_keys(contact)} | skip
    by_mail = [
        Recipient(
            address=parse_addresses(contact.primary_address)[0], contact_id=contact.id, role=RecipientRole.FOLLOWER
        )
        for contact in people
        if contact.notify is Notify.MAIL and contact.addresses
    ]
    if message.kind is MessageKind.COMMENT and not message.internal:
        by_mail += _outsiders(session, hooks, thread, also, told)
    if by_mail:
        _send(session, office, hooks, thread, message, letter, by_mail)
    _remember(session, message, by_inbox)
    return [recipient.address.address for recipient in by_mail]


def tell_contact(session: Session, office: Office, contact: Contact, subject: str, text: str) -> None:
    """A notice about no thread, in the inbox or by mail as the contact wishes."""
    if contact.notify is Notify.INBOX or not contact.addresses:
        notice = Message(kind=MessageKind.AUTOMATIC, internal=True, subject=subject, text=text, created_at=office.now())
        session.add(notice)
        session.flush()
        session.add(InboxItem(contact_id=contact.id, message_id=notice.id))
        return
    address = parse_addresses(contact.primary_address)[0]
    office.enqueue(
        session,
        Draft(
            sender=_house(session),
            recipients=[Recipient(address=address, contact_id=contact.id)],
            subject=subject,
            text=text,
            purpose=Purpose.NOTIFICATION,
            kind=MessageKind.AUTOMATIC,
            headers=[("Auto-Submitted", "auto-generated")],
        ),
    )


def _house(session: Session) -> Address | None:
    """Our first domain's default From; None leaves it to the account."""
    own = domain_or_first(session, None)
    return parse_addresses(own.from_address)[0] if own is not None else None


def _followers(session: Session, thread: Thread, message: Message) -> list[Contact]:
    wants = Follower.notes if message.internal else Follower.comments
    statement = (
        select(Contact)
        .join(Follower, Follower.contact_id == Contact.id)
        .where(Follower.thread_id == thread.id, wants.is_(True), Contact.archived.is_(False))
        .order_by(Contact.id)
    )
    people = session.scalars(statement).all()
    return [contact for contact in people if contact.internal or not message.internal]


def _already_have_it(session: Session, message: Message) -> set[str]:
    """Keys of the author, with all his addresses, and of whom the mail itself went to, with all of theirs."""
    rows = session.execute(
        select(MessageRecipient.key, MessageRecipient.contact_id).where(MessageRecipient.message_id == message.id)
    ).all()
    keys = {row.key for row in rows}
    contacts = {row.contact_id for row in rows if row.contact_id is not None}
    if message.author_id is not None:
        contacts.add(message.author_id)
    if message.from_address:
        keys.add(message.from_address)
    for contact_id in contacts:
        keys |= keys_of(session, contact_id)
    return keys


def _contact_keys(contact: Contact) -> set[str]:
    return {address.key for address in contact.addresses}


def _is_skipped(contact: Contact, skip: Collection[str]) -> bool:
    return bool(_contact_keys(contact) & set(skip))


def _outsiders(
    session: Session, hooks: Hooks, thread: Thread, also: Sequence[Address], told: set[str]
) -> list[Recipient]:
    wished = {normalise(address.address): address for address in also}
    for key in correspondents(session, thread.id):
        wished.setdefault(key, parse_addresses(key)[0])
    fresh = {key: address for key, address in wished.items() if key and key not in told}
    contacts = known_contacts(session, list(fresh))
    return [
        Recipient(address=address, contact_id=contacts.get(key))
        for key, address in sorted(fresh.items())
        if hooks.recipient_known(key, session) is not True
    ]


def _send(
    session: Session,
    office: Office,
    hooks: Hooks,
    thread: Thread,
    message: Message,
    letter: Letter,
    people: Sequence[Recipient],
) -> None:
    author = _author(session, message)
    reply = hooks.reply_address(thread, session)
    ancestors = ancestor_ids(session, message)
    own = message.message_id
    office.enqueue(
        session,
        Draft(
            sender=_sender(session, office, thread, author),
            recipients=people,
            subject=message.subject,
            text=letter.text,
            html=letter.html,
            enclosures=letter.enclosures,
            purpose=Purpose.NOTIFICATION,
            kind=message.kind,
            individually=True,
            reply_to=reply_to_value(author.name if author else "", parse_addresses(reply)[0]) if reply else None,
            message_id=own if message.outgoing else "",
            in_reply_to=ancestors[-1] if message.outgoing and ancestors else "" if message.outgoing else own,
            references=ancestors if message.outgoing or not own else [*ancestors, own],
            thread_id=thread.id,
            message_row=message.id,
        ),
    )


def _sender(session: Session, office: Office, thread: Thread, author: Address | None) -> Address | None:
    """The author where he writes from a domain of ours; anybody else by name only, on an address that we may use."""
    domains = {domain.name for domain in all_domains(session)}
    own = domain_or_first(session, thread.domain_id)
    if own is None:
        return author
    default = parse_addresses(own.from_address)[0]
    settings = office.settings("core")
    model = office.thread_models.get(thread.model)
    through = getattr(settings, "organisation", "") or (model.title if model else own.shown)
    if author is None:
        return Address(name=through, localpart=default.localpart, domain=default.domain)
    if normalise(author.address).rpartition("@")[2] in domains:
        return author
    return sender_via(author, through, default)


def _author(session: Session, message: Message) -> Address | None:
    contact = session.get(Contact, message.author_id) if message.author_id is not None else None
    if contact is not None and contact.addresses:
        address = parse_addresses(contact.primary_address)[0]
        return Address(name=contact.name, localpart=address.localpart, domain=address.domain)
    found = parse_addresses(message.from_text) if message.from_text else []
    return found[0] if found and found[0].domain else None


def _remember(session: Session, message: Message, by_inbox: Sequence[Contact]) -> None:
    """Those told in their inbox; those told by mail are written down where the mail is queued."""
    session.add_all(
        MessageRecipient(
            message_id=message.id,
            key=contact.addresses[0].key,
            contact_id=contact.id,
            role=RecipientRole.FOLLOWER,
        )
        for contact in by_inbox
        if contact.addresses
    )
    session.flush()
