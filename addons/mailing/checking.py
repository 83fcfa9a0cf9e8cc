"""Looking before sending: the mail of one recipient, all templates filled for everybody, and whether the sending domain is ready.

Nothing here changes the ledger; the target is read as it is now.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from sqlalchemy.orm import Session

from mailloom.api import Composition, Denial, Draft, Enclosure, Office, Purpose, Recipient
from mailloom.errors import ConfigurationError, MailloomError, NotFound
from mailloom.mail.address import Address, normalise, parse_addresses

from .drafting import address_of, files_of, variants_of
from .models import Mailing, Variant
from .preparing import PAGE
from .rendering import LINK_NAMES, OWN_NAMES, Person, Words, Written, values_of
from .settings import MailingSettings
from .skeleton import Skeleton
from .targets import Candidate, count_of, page_of, read_target

_SHOWN = 10
_LARGEST_HTML = 102_000
"""Gmail cuts what is longer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Complaint:
    """A recipient whose mail cannot be written."""

    address: str
    variant: str
    why: str


@dataclass(slots=True, kw_only=True)
class Checked:
    """What a check found. `faults` keep a mailing from starting, `remarks` do not."""

    recipients: int = 0
    looked_at: int = 0
    unwritable: int = 0
    complaints: list[Complaint] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)


def check(
    session: Session,
    office: Office,
    mailing: Mailing,
    *,
    most: int | None = None,
    progress: Callable[[int], None] = lambda _: None,
) -> Checked:
    """Fill the templates for every recipient (at most `most`), and look at what else keeps mail from arriving."""
    checked = Checked(recipients=count_of(session, office, read_target(mailing.target)))
    variants = [(variant, Words(variant)) for variant in variants_of(session, mailing.id)]
    if not checked.recipients:
        checked.faults.append("The target has nobody in it.")
    for candidate in candidates_of(session, office, mailing, most):
        checked.looked_at += 1
        _try(office, mailing, variants, candidate, checked)
        if checked.looked_at % PAGE == 0:
            progress(PAGE)
    if checked.unwritable:
        checked.faults.append(f"{checked.unwritable} mails cannot be written; the first: {checked.complaints[0].why}")
    denial = readiness(session, office, mailing, checked.recipients)
    if denial is not None:
        checked.faults.append(denial.reason)
    checked.remarks += [remark for variant, words in variants for remark in _remarks(variant, words)]
    return checked


def readiness(session: Session, office: Office, mailing: Mailing, recipients: int) -> Denial | None:
    """Why the sending domain must not send so many mails a day; None when it may, or when they are few."""
    settings = office.settings("mailing")
    assert isinstance(settings, MailingSettings)
    if recipients < settings.bulk_from or not mailing.sender:
        return None
    domain = normalise(mailing.sender).rpartition("@")[2]
    return office.bulk_denial(session, domain, recipients)


def names_for(session: Session, office: Office, mailing: Mailing) -> list[str]:
    """The names that templates of this mailing may use, as far as its first recipients tell."""
    known = {name for candidate in candidates_of(session, office, mailing, PAGE) for name in candidate.values}
    return [*OWN_NAMES, *LINK_NAMES, *sorted(known - {*OWN_NAMES, *LINK_NAMES})]


def candidates_of(session: Session, office: Office, mailing: Mailing, most: int | None = None) -> Iterator[Candidate]:
    """The target as it is now, a page in memory at a time."""
    target, cursor, left = read_target(mailing.target), "", most
    while left is None or left > 0:
        page = page_of(session, office, target, cursor, min(PAGE, left or PAGE))
        yield from page.candidates
        if page.cursor is None:
            return
        cursor, left = page.cursor, None if left is None else left - len(page.candidates)


def preview(
    session: Session, office: Office, mailing: Mailing, label: str, address: str = ""
) -> tuple[Written, Composition]:
    """The mail of the recipient with this address ('': of the first one), as it would go out. NotFound when nobody has it."""
    candidate = candidate_with(session, office, mailing, address)
    return _composed(session, office, mailing, variant_of(session, mailing, label), candidate)


def candidate_with(session: Session, office: Office, mailing: Mailing, address: str) -> Candidate:
    """The recipient with this address, '': the first one; NotFound when nobody has it."""
    wanted = normalise(address)
    # What is no address is nobody's: the first recipient's mail is not shown instead.
    if not address or wanted:
        for candidate in candidates_of(session, office, mailing):
            if not wanted or normalise(candidate.address) == wanted:
                return candidate
    raise NotFound(f"{address or 'Nobody'} is not in the target of mailing {mailing.id}.")


def drafts_of_test(
    session: Session, office: Office, mailing: Mailing, label: str, to: Sequence[str], as_for: str = ""
) -> list[Draft]:
    """Mails for colleagues to look at: as the recipient `as_for` gets it, to addresses that need not be in the target."""
    receivers = [found for text in to for found in parse_addresses(text)]
    if not receivers:
        raise ConfigurationError("A test mail needs somebody to go to.", remedy="Name an address.")
    candidate = candidate_with(session, office, mailing, as_for)
    words = Words(variant_of(session, mailing, label))
    # Links that opt out are the colleague's own: a test that is clicked through must not unsubscribe a customer.
    letters = [
        (one, _rendered(office, mailing, words, candidate, links_of=normalise(one.address))) for one in receivers
    ]
    files = [
        Enclosure(name=file.name, content_type=file.content_type, content=file.content, content_id=file.content_id)
        for file in files_of(session, mailing.id)
    ]
    return [
        Draft(
            sender=address_of(mailing.sender, "From"),
            reply_to=address_of(mailing.reply_to, "Reply-To"),
            recipients=[Recipient(address=receiver)],
            subject=f"[Test] {written.subject}",
            text=written.text,
            html=written.html,
            enclosures=files,
            purpose=Purpose.PROBE,
            account=mailing.account,
        )
        for receiver, written in letters
    ]


def variant_of(session: Session, mailing: Mailing, label: str) -> Variant:
    """The variant in use with this label; '' is the first."""
    found = [variant for variant in variants_of(session, mailing.id) if variant.label == label or not label]
    if not found:
        raise NotFound(f"Mailing {mailing.id} has no variant {label!r}.")
    return found[0]


def _try(
    office: Office, mailing: Mailing, variants: Sequence[tuple[Variant, Words]], candidate: Candidate, checked: Checked
) -> None:
    for variant, words in variants:
        try:
            _rendered(office, mailing, words, candidate)
        except MailloomError as error:
            checked.unwritable += 1
            if len(checked.complaints) < _SHOWN:
                said = Complaint(address=candidate.address, variant=variant.label, why=f"{candidate.address}: {error}")
                checked.complaints.append(said)


def _rendered(office: Office, mailing: Mailing, words: Words, candidate: Candidate, *, links_of: str = "") -> Written:
    """`links_of`: whose the links to opt out are; '' the recipient's."""
    key = links_of or normalise(candidate.address)
    person = Person(key=key, address=candidate.address, name=candidate.name, values=candidate.values)
    values = values_of(office, person, words.names, mailing_id=mailing.id, mailing=mailing.name, topic=mailing.topic)
    return words.render(values)


def _composed(
    session: Session, office: Office, mailing: Mailing, variant: Variant, candidate: Candidate
) -> tuple[Written, Composition]:
    written = _rendered(office, mailing, Words(variant), candidate)
    sender = address_of(mailing.sender, "From") or Address(name="", localpart="nobody", domain="localhost")
    own_id = f"<preview.{mailing.id}@localhost>"
    skeleton = Skeleton(
        sender=sender,
        reply_to=address_of(mailing.reply_to, "Reply-To"),
        message_id=own_id,
        text=variant.text,
        html=variant.inlined,
        files=files_of(session, mailing.id),
    )
    return written, skeleton.compose(written, own_id, office.now())


def _remarks(variant: Variant, words: Words) -> Iterator[str]:
    if "unsubscribe_url" not in words.names and "preferences_url" not in words.names:
        yield f"Variant {variant.label} shows no link to unsubscribe: write {{{{ unsubscribe_url }}}}."
    if len(variant.inlined.encode()) > _LARGEST_HTML:
        yield f"Variant {variant.label} has {len(variant.inlined.encode())} bytes of HTML; Gmail cuts off after {_LARGEST_HTML}."
