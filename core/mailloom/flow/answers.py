"""Automatic answers: "your mail could not be delivered", and "write to … instead".

All have one form: From MAILER-DAEMON at the bounce address of the domain that was hit, the null envelope sender, Auto-Submitted:
auto-replied, a loop tag in Message-ID and References, the mail in question enclosed. None goes to a robot, a list or an empty return
path, and at most one a day to a sender for the same address (RFC 3834).
"""

from __future__ import annotations

from dataclasses import dataclass

from jinja2 import Environment
from sqlalchemy.orm import Session

from mailloom.api.drafts import Draft, Enclosure, Purpose, Recipient
from mailloom.api.office import Office
from mailloom.api.routing import Answer, Incoming
from mailloom.api.settings import CoreSettings
from mailloom.flow.reading import answer_recipient, why_not_answerable
from mailloom.mail.address import Address, parse_addresses
from mailloom.mail.subject import reply_subject
from mailloom.store.domains import AnswerSent, MailDomain, all_domains
from mailloom.store.messages import MessageKind

LARGEST_ENCLOSED_BYTES = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Answering:
    """Whether an answer goes out: to whom, or why not."""

    to: str
    refused: str = ""

    def as_json(self, answer: Answer) -> dict[str, str] | None:
        return None if self.refused else {"to": self.to, "reason": answer.reason.value}


def judge(session: Session, incoming: Incoming, answer: Answer) -> Answering:
    """Whether this answer may go out; looks only."""
    refused = why_not_answerable(incoming.mail, incoming.envelope_from)
    to = answer_recipient(incoming.mail, incoming.envelope_from)
    if not refused and _domain(session, answer) is None:
        refused = "no mail domain is configured to answer from"
    if not refused and session.get(AnswerSent, (to, answer.hit, incoming.now.date())) is not None:
        refused = f"{to} was told the same today"
    return Answering(to=to, refused=refused)


def send_answer(
    session: Session, office: Office, environment: Environment, incoming: Incoming, answer: Answer, to: str
) -> int:
    """Queue the answer and remember that it was given; returns the message's id. The caller has judged it.

    What it is (Auto-Submitted, the loop tag as Message-ID) follows from its purpose when it is written.
    """
    domain = _domain(session, answer)
    if domain is None:
        raise LookupError("an answer was sent without judging it")
    settings = office.settings("core")
    text = environment.get_template(f"mail/answer_{answer.reason.value}.txt").render(
        answer=answer,
        domain=domain,
        organisation=settings.organisation if isinstance(settings, CoreSettings) else "",
        subject=incoming.mail.subject,
        to=to,
    )
    original = incoming.mail.message_id
    contact = parse_addresses(domain.contact)
    queued = office.enqueue(
        session,
        Draft(
            sender=Address(name="MAILER-DAEMON", localpart=domain.bounce, domain=domain.name),
            recipients=[Recipient(address=parse_addresses(to)[0])],
            subject=reply_subject(incoming.mail.subject),
            text=text,
            enclosures=[_enclosed(incoming)],
            purpose=Purpose.AUTOMATIC,
            kind=MessageKind.AUTOMATIC,
            reply_to=contact[0] if contact else None,
            in_reply_to=original,
            references=[original] if original else [],
            headers=[("X-Auto-Response-Suppress", "All")],
            envelope_sender="",
        ),
    )
    session.add(AnswerSent(sender=to, hit=answer.hit, day=incoming.now.date(), sent_at=incoming.now))
    session.flush()
    return queued.message_id


def _domain(session: Session, answer: Answer) -> MailDomain | None:
    """The domain of the address that was hit, else the first one."""
    domains = all_domains(session)
    name = answer.hit.rpartition("@")[2]
    return next((domain for domain in domains if domain.name == name), domains[0] if domains else None)


def _enclosed(incoming: Incoming) -> Enclosure:
    raw = incoming.mail.raw
    if len(raw) > LARGEST_ENCLOSED_BYTES:
        # RFC 6522 §3: a long original is returned as its headers alone.
        head = raw[: len(raw) - len(incoming.mail.raw_body)]
        return Enclosure(name="headers.txt", content_type="text/rfc822-headers", content=head[:LARGEST_ENCLOSED_BYTES])
    return Enclosure(name="original.eml", content_type="message/rfc822", content=raw)
