"""The mail that asks whether somebody wants a list, and the one that says that he is on it, in the languages that we know."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from sqlalchemy.orm import Session

from mailloom.api import Draft, Purpose, Recipient, office_of
from mailloom.api.settings import CoreSettings
from mailloom.mail.address import Address, parse_addresses
from mailloom.store.domains import domain_or_first

from .models import AudienceList, Member
from .wording import words_for


def confirmation(session: Session, to: AudienceList, member: Member, url: str, expires: datetime) -> Draft:
    """For one person, from the first domain's own address.

    It names the list and nothing that somebody typed into the form: else the form would carry his words to strangers.
    """
    words = words_for(member.language)
    text = words.mail.format(title=to.title, url=url, until=expires.strftime("%Y-%m-%d"))
    return _letter(session, member, words.mail_subject.format(title=to.title), text)


def reminder(session: Session, to: AudienceList, member: Member) -> Draft:
    """For one who signed up for what he gets already."""
    words = words_for(member.language)
    subject = words.reminder_subject.format(title=to.title)
    return _letter(session, member, subject, words.reminder.format(title=to.title))


def _letter(session: Session, member: Member, subject: str, text: str) -> Draft:
    return Draft(
        sender=_sender(session),
        recipients=[Recipient(address=parse_addresses(member.address)[0])],
        subject=subject,
        text=text,
        purpose=Purpose.TRANSACTIONAL,
        headers=[("Auto-Submitted", "auto-generated")],
    )


def _sender(session: Session) -> Address | None:
    """None where there is no domain: then the account's default From serves."""
    domain = domain_or_first(session, None)
    settings = office_of(session).settings("core")
    assert isinstance(settings, CoreSettings)
    if domain is None:
        return None
    return replace(parse_addresses(domain.from_address)[0], name=settings.organisation)
