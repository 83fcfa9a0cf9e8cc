"""The three ways in which a customer's mail can go out, as people know them, each with what follows from it."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.orm import Session

from mailloom.addons.dkim.rotating import add_key
from mailloom.api import Office
from mailloom.errors import Refused
from mailloom.mail.dkim_keys import KeyKind

from .deciding import sending_domain
from .models import Mode, SendingDomain
from .situation import situation_of


@dataclass(frozen=True, slots=True, kw_only=True)
class ModeDescription:
    mode: Mode
    title: str
    summary: str
    consequences: tuple[str, ...]


DESCRIPTIONS = (
    ModeDescription(
        mode=Mode.OUR_SUBDOMAIN,
        title="Our own sub-domain as sender",
        summary="Mail comes from a sub-domain of ours, such as support@customer.example.org.",
        consequences=(
            "The customer has nothing to do: all records stand in our own zone.",
            "Recipients see our domain, not the customer's.",
            "Replies come to our catchall and go on from there to the record they belong to.",
            "The sub-domain earns a reputation of its own; a fault of one customer does not touch the others.",
        ),
    ),
    ModeDescription(
        mode=Mode.CUSTOMER_ADDRESS,
        title="The customer's address through our server",
        summary="Mail comes from the customer's own address and is delivered by our server.",
        consequences=(
            "The customer's IT publishes two or three records once; the text for them: mailloom deliverability handover DOMAIN.",
            "Nothing should go out before they stand there: mail would fail DMARC.",
            "Replies to the customer's own mailbox do not reach us, unless it is fetched or forwarded.",
            "We sign with a key of the customer's domain, and rotate it with their help.",
        ),
    ),
    ModeDescription(
        mode=Mode.CUSTOMER_SERVER,
        title="The customer's own server directly",
        summary="We log in to the customer's mail server by SMTP and hand the mail over.",
        consequences=(
            "Only a log-in by SMTP is needed; no DNS record has to change.",
            "The customer's IT is responsible for everything after that: SPF, DKIM, limits and reputation.",
            "Bounces go to their mailbox, unless their server takes our bounce address: else set custom_mail_from=false on the account.",
            "“Sent” means handed over to their server. Whether it arrived is known only if bounces come back to us.",
            "The limits of their server hold for our mail, too.",
        ),
    ),
)


def describe(mode: Mode) -> ModeDescription:
    return next(each for each in DESCRIPTIONS if each.mode is mode)


def choose_mode(session: Session, office: Office, domain: str, mode: Mode) -> SendingDomain:
    """Decide how mail of a domain goes out. Refused where what the mode rests on is missing; a key is made where we sign and there is none."""
    situation = situation_of(session, office, domain)
    if mode is Mode.OUR_SUBDOMAIN and not situation.ours:
        raise Refused(
            f"{domain} is not one of our mail domains, so no catchall takes its replies.",
            remedy=f"Run: mailloom domains add {domain}",
        )
    foreign = [each for each in situation.accounts if not each.local]
    if mode is Mode.CUSTOMER_SERVER and not foreign:
        raise Refused(
            f"No account hands mail of {domain} over to a server of the customer.",
            remedy=f"Run: mailloom accounts add NAME --kind smtp --host THEIR.SERVER … --set 'from_filter=[\"{domain}\"]', then test it.",
        )
    if (
        mode is not Mode.CUSTOMER_SERVER
        and not situation.own_keys
        and any(not each.signs for each in situation.accounts)
    ):
        add_key(session, office, domain, KeyKind.RSA)
    row = sending_domain(session, office, domain)
    row.mode = mode
    return row
