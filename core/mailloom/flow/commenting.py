"""Writing on a thread from our side: comments that go out by mail, notes that stay inside, log lines."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from secrets import token_bytes

from sqlalchemy.orm import Session

from mailloom.api.drafts import Draft, Enclosure
from mailloom.api.office import Office
from mailloom.errors import ConfigurationError
from mailloom.flow.telling import Letter, tell_thread
from mailloom.flow.threads import last_of_thread
from mailloom.flow.writing import body_of, shared_lines, stored_message
from mailloom.mail.address import Address, normalise, parse_addresses
from mailloom.mail.compose_checks import refuse_controls, refuse_unencodable, without_controls
from mailloom.mail.subject import reply_subject
from mailloom.mail.threading import new_message_id
from mailloom.registry.calls import Hooks
from mailloom.store.blobs import keep_blobs
from mailloom.store.contacts import Contact
from mailloom.store.domains import domain_or_first
from mailloom.store.messages import IdentifierOrigin, Message, MessageIdentifier, MessageKind, identifier_key
from mailloom.store.threads import Thread

_INTERNAL = frozenset({MessageKind.NOTE, MessageKind.LOG})
_TELLING = frozenset({MessageKind.COMMENT, MessageKind.NOTE})


@dataclass(frozen=True, slots=True, kw_only=True)
class Comment:
    """What is written. `to`: further addresses to tell; `author_id` None: the application itself.

    `subject` '' takes the conversation's, which an answer repeats after "Re:".
    """

    text: str
    kind: MessageKind
    html: str = ""
    subject: str = ""
    author_id: int | None = None
    author_name: str = ""
    """Who wrote it, shown to us beside it where there is no contact; nobody outside is told."""
    to: Sequence[str] = ()
    enclosures: Sequence[Enclosure] = ()
    parent_id: int | None = None


def post(session: Session, office: Office, hooks: Hooks, thread: Thread, comment: Comment) -> Message:
    """Store the comment and tell whom it concerns. The caller commits.

    Raises ConfigurationError for a wrong address in `to`, MalformedMessage for a character that no message may hold; then nothing was stored.
    """
    _check(comment)
    also = [_address(text) for text in comment.to]
    message = _store(session, office, thread, comment)
    model = office.thread_models.get(thread.model)
    if model is not None:
        model.message_posted(session, thread.record_id, message, thread)
    if comment.kind in _TELLING:
        letter = Letter(text=comment.text, html=comment.html, enclosures=comment.enclosures)
        tell_thread(session, office, hooks, thread, message, letter, also=also)
    if comment.enclosures and message.raw_digest is None:
        _keep_enclosures(session, office, thread, message, comment)
    hooks.message_stored(message, thread, session)
    return message


def _keep_enclosures(session: Session, office: Office, thread: Thread, message: Message, comment: Comment) -> None:
    """Nobody was written to, so no mail holds the files yet: they are kept as one that goes to nobody."""
    own = domain_or_first(session, thread.domain_id)
    house = (
        parse_addresses(own.from_address)[0]
        if own is not None
        else Address(name="", localpart="mailloom", domain="localhost")
    )
    draft = Draft(
        sender=house,
        recipients=[],
        subject=message.subject,
        text=comment.text,
        html=comment.html,
        enclosures=comment.enclosures,
    )
    lines = shared_lines(draft, house, None, message.message_id, office.now())
    [message.raw_digest] = keep_blobs(session, [stored_message(lines, body_of(draft))], office.now())
    session.flush()


def _check(comment: Comment) -> None:
    """Of every kind, also of those that are not sent: a note's subject is repeated by the next answer."""
    refuse_controls(comment.subject, "The subject")
    refuse_unencodable(comment.text, "The text")
    refuse_unencodable(comment.html, "The HTML text")
    for enclosure in comment.enclosures:
        refuse_controls(enclosure.name, "The name of an attachment")
        refuse_controls(enclosure.content_type, "The type of an attachment")
        refuse_controls(enclosure.content_id, "The content id of an attachment")


def _store(session: Session, office: Office, thread: Thread, comment: Comment) -> Message:
    parent_id = comment.parent_id
    if parent_id is None:
        last = last_of_thread(session, thread.id)
        parent_id = last.id if last else None
    subject = comment.subject or _subject(session, office, thread, answers=parent_id is not None)
    author = session.get(Contact, comment.author_id) if comment.author_id is not None else None
    message = Message(
        thread_id=thread.id,
        parent_id=parent_id,
        kind=comment.kind,
        internal=comment.kind in _INTERNAL,
        outgoing=comment.kind in _TELLING,
        author_id=author.id if author else None,
        from_text=author.name if author else comment.author_name,
        from_address=author.addresses[0].key if author and author.addresses else "",
        subject=subject,
        text=comment.text,
        message_id=_message_id(session, office, thread),
        date=office.now(),
        created_at=office.now(),
    )
    session.add(message)
    session.flush()
    session.add(
        MessageIdentifier(value=identifier_key(message.message_id), message_id=message.id, origin=IdentifierOrigin.OWN)
    )
    session.flush()
    return message


def _subject(session: Session, office: Office, thread: Thread, *, answers: bool) -> str:
    model = office.thread_models.get(thread.model)
    # A record's title is not the writer's to correct: what no header may hold is a space there.
    title = without_controls(model.title_of(session, thread.record_id)) if model is not None else ""
    return reply_subject(title) if answers else title


def _message_id(session: Session, office: Office, thread: Thread) -> str:
    own = domain_or_first(session, thread.domain_id)
    name = own.name if own is not None else "localhost"
    return new_message_id(str(thread.id), name, office.keyring("message-id"), random=token_bytes(10), now=office.now())


def _address(text: str) -> Address:
    refuse_controls(text, "An address in `to`")
    found = parse_addresses(text)
    if len(found) != 1 or not normalise(found[0].address):
        raise ConfigurationError(f"{text!r} is no e-mail address.", remedy="Write it like ann@example.org.")
    return found[0]
