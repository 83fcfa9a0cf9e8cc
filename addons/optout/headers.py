"""The header lines of marketing mail: RFC 8058 (one click), RFC 2369 (the mail address), RFC 2919 (List-Id), Feedback-ID as Gmail reads it.

They are made for each recipient alone and never taken from a draft: two values, or another's, would unsubscribe the wrong person.
The two List-Unsubscribe fields are among those that the addon dkim signs (RFC 8058 §4).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from urllib.parse import quote

from sqlalchemy.orm import Session

from mailloom.api import Draft, Office, Purpose, Recipient
from mailloom.errors import Refused
from mailloom.mail.address import normalise
from mailloom.store.domains import all_domains

from .links import Link, base_url, make_token, url_of
from .settings import OptOutSettings, settings_of

_OWN = frozenset({"list-unsubscribe", "list-unsubscribe-post"})
_NOT_A_LABEL = re.compile(r"[^a-z0-9-]+")
_SUBJECT = "unsubscribe"

Lines = list[tuple[str, str]]


def lines_for(office: Office, session: Session, draft: Draft, recipient: Recipient, delivery_id: int) -> Lines:
    """What stands before one recipient's mail; nothing for mail that is no marketing. Refused when the draft brings its own."""
    if draft.purpose is not Purpose.MARKETING:
        return []
    named = {name.lower() for name, _ in (*draft.headers, *recipient.headers)}
    if named & _OWN:
        raise Refused(
            "The draft has a List-Unsubscribe of its own; the addon optout writes it for each recipient.",
            remedy="Leave it out of the draft.",
        )
    key = normalise(recipient.address.address)
    lines = unsubscribe_lines(office, session, key, draft.topic, f"delivery:{delivery_id}", _domain_of(draft))
    further = _bulk_lines(settings_of(office), draft.topic, _list_domain(session, draft))
    return [*lines, *((name, value) for name, value in further if name.lower() not in named)]


def unsubscribe_lines(office: Office, session: Session, key: str, topic: str, ref: str, from_domain: str) -> Lines:
    """List-Unsubscribe and, where we can be reached by https, List-Unsubscribe-Post, for one normalised address.

    The mail address is in the domain of From where that is one of ours, else in our first.
    """
    token = make_token(office, Link(key=key, topic=topic, mailing=ref))
    base, mailbox = base_url(office), _mailbox(office, session, from_domain)
    ways = []
    if base.startswith("https://"):
        ways.append(f"<{url_of(base, token)}>")
    if mailbox:
        ways.append(f"<mailto:{mailbox}?subject={quote(f'{_SUBJECT} {token}')}>")
    lines = [("List-Unsubscribe", ", ".join(ways))] if ways else []
    if base.startswith("https://"):
        lines.append(("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"))
    return lines


def _bulk_lines(settings: OptOutSettings, topic: str, domain: str) -> Sequence[tuple[str, str]]:
    label = _NOT_A_LABEL.sub("-", topic.lower()).strip("-")
    lines = [("Precedence", "bulk")]
    if label and domain:
        lines.append(("List-Id", f"<{label}.{domain}>"))
    if settings.feedback_sender:
        lines.append(("Feedback-ID", f"{label or 'all'}:marketing:{settings.feedback_sender}"))
    return lines


def _mailbox(office: Office, session: Session, from_domain: str) -> str:
    names = [domain.name for domain in all_domains(session)]
    if not names:
        return ""
    return f"{settings_of(office).mailbox}@{from_domain if from_domain in names else names[0]}"


def _domain_of(draft: Draft) -> str:
    return normalise(draft.sender.address).rpartition("@")[2] if draft.sender else ""


def _list_domain(session: Session, draft: Draft) -> str:
    domains = all_domains(session)
    return _domain_of(draft) or (domains[0].name if domains else "")
