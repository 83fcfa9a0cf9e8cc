"""What strangers read, in each language that we know: the sign-up pages and the mail that asks for confirmation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """One language. `{title}` is the list's, `{url}` the link, `{until}` the day it ends."""

    language: str
    sign_up: str
    address: str
    name: str
    leave_empty: str
    consent: str
    send: str
    sent: str
    sent_detail: str
    confirm: str
    confirm_detail: str
    confirm_button: str
    confirmed: str
    confirmed_detail: str
    invalid_link: str
    invalid_link_detail: str
    invalid_address: str
    too_many: str
    too_many_detail: str
    closed: str
    closed_detail: str
    mail_subject: str
    mail: str
    reminder_subject: str
    reminder: str


ENGLISH = Words(
    language="en",
    sign_up="Sign up for {title}",
    address="E-mail address",
    name="Name (optional)",
    leave_empty="Leave this field empty",
    consent="You will get a mail with a link. Only when you use it are you on the list, and each mailing has a link that takes you off again.",
    send="Sign up",
    sent="Look into your mailbox",
    sent_detail="If this address can be put on the list {title}, a mail with a link is on its way to it. Use the link to confirm.",
    confirm="Confirm: {title}",
    confirm_detail="One click, and you are on the list {title}.",
    confirm_button="Yes, I want these mails",
    confirmed="Thank you",
    confirmed_detail="You are on the list {title}. Each mailing has a link that takes you off again.",
    invalid_link="This link is not valid",
    invalid_link_detail="It is too old, incomplete, or you have decided otherwise since. Sign up once more to get a new one.",
    invalid_address="This is no e-mail address. Write it like ann@example.org.",
    too_many="Too many requests",
    too_many_detail="Wait ten minutes, then try again.",
    closed="Nothing to sign up for here",
    closed_detail="There is no such list, or it takes nobody at the moment.",
    mail_subject="Please confirm: {title}",
    mail=(
        "Hello,\n\nsomebody, we hope you, asked for mails of the list “{title}” to this address.\n\n"
        "To get them, open this page and press the button:\n\n{url}\n\n"
        "The link is good until {until}. If it was not you, do nothing: without your answer you get no mails.\n"
    ),
    reminder_subject="You are on the list already: {title}",
    reminder=(
        "Hello,\n\nsomebody, we hope you, asked for mails of the list “{title}” to this address.\n\n"
        "You get them already, so nothing has changed. Each mailing has a link that takes you off the list.\n"
    ),
)

GERMAN = Words(
    language="de",
    sign_up="Anmelden: {title}",
    address="E-Mail-Adresse",
    name="Name (freiwillig)",
    leave_empty="Dieses Feld bitte leer lassen",
    consent="Sie bekommen eine Mail mit einem Link. Erst wenn Sie ihn benutzen, stehen Sie auf der Liste; abmelden können Sie sich in jeder Mail.",
    send="Anmelden",
    sent="Bitte sehen Sie in Ihr Postfach",
    sent_detail=(
        "Wenn diese Adresse auf die Liste {title} gesetzt werden kann, ist eine Mail mit einem Link dorthin unterwegs. "
        "Bestätigen Sie mit dem Link."
    ),
    confirm="Bestätigen: {title}",
    confirm_detail="Ein Klick, und Sie stehen auf der Liste {title}.",
    confirm_button="Ja, ich möchte diese Mails",
    confirmed="Vielen Dank",
    confirmed_detail="Sie stehen auf der Liste {title}. Abmelden können Sie sich mit dem Link in jeder Mail.",
    invalid_link="Dieser Link gilt nicht",
    invalid_link_detail=(
        "Er ist zu alt oder unvollständig, oder Sie haben sich seither anders entschieden. "
        "Melden Sie sich noch einmal an, um einen neuen zu bekommen."
    ),
    invalid_address="Das ist keine E-Mail-Adresse. Schreiben Sie sie wie anna@example.org.",
    too_many="Zu viele Anfragen",
    too_many_detail="Warten Sie zehn Minuten und versuchen Sie es dann noch einmal.",
    closed="Hier gibt es nichts zum Anmelden",
    closed_detail="Es gibt diese Liste nicht, oder sie nimmt zurzeit niemanden auf.",
    mail_subject="Bitte bestätigen: {title}",
    mail=(
        "Guten Tag,\n\njemand, hoffentlich Sie selbst, hat für diese Adresse Mails der Liste „{title}“ bestellt.\n\n"
        "Wenn Sie diese Mails möchten, öffnen Sie diese Seite und drücken Sie den Knopf:\n\n{url}\n\n"
        "Der Link gilt bis {until}. Waren Sie es nicht, brauchen Sie nichts zu tun: Ohne Ihre Antwort bekommen Sie keine Mails.\n"
    ),
    reminder_subject="Sie stehen schon auf der Liste: {title}",
    reminder=(
        "Guten Tag,\n\njemand, hoffentlich Sie selbst, hat für diese Adresse Mails der Liste „{title}“ bestellt.\n\n"
        "Sie bekommen sie bereits, es hat sich also nichts geändert. Abmelden können Sie sich mit dem Link in jeder Mail.\n"
    ),
)

_KNOWN: Mapping[str, Words] = {words.language: words for words in (ENGLISH, GERMAN)}


def words_for(language: str) -> Words:
    """For a BCP 47 tag; English for one that we do not know."""
    return _KNOWN.get(language.lower().partition("-")[0], ENGLISH)
