"""What the pages say, in English and German; the browser's Accept-Language (RFC 9110 §12.5.4) chooses."""

from __future__ import annotations

import re
from dataclasses import dataclass

_LONGEST_WISH = 500
_RANGE = re.compile(r"\s*([A-Za-z]{1,8})(?:-[A-Za-z0-9-]{1,40})?\s*(?:;\s*q\s*=\s*([01](?:\.\d{0,3})?)\s*)?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """All texts of one language. `{address}` and `{topic}` stand for what the link names."""

    language: str
    ask_title: str
    ask_topic: str
    ask_all: str
    unsubscribe: str
    out_title: str
    out_topic: str
    out_all: str
    again: str
    back_title: str
    back_topic: str
    back_all: str
    preferences: str
    preferences_title: str
    preferences_for: str
    choose: str
    this_sort: str
    save: str
    saved: str
    all_title: str
    all_text: str
    all_button: str
    all_is_off: str
    reason_title: str
    reason_label: str
    reasons: tuple[tuple[str, str], ...]
    comment_label: str
    send: str
    thanks: str
    unknown_title: str
    unknown_text: str
    one_click: str


ENGLISH = Words(
    language="en",
    ask_title="Unsubscribe?",
    ask_topic="Stop mail on “{topic}” to {address}.",
    ask_all="Stop all our newsletters and offers to {address}.",
    unsubscribe="Unsubscribe",
    out_title="You are unsubscribed",
    out_topic="{address} gets no more mail on “{topic}”.",
    out_all="{address} gets no more newsletters and offers from us.",
    again="Undo: subscribe again",
    back_title="You are subscribed again",
    back_topic="{address} gets mail on “{topic}”.",
    back_all="{address} may get newsletters and offers from us.",
    preferences="Choose what you want to get",
    preferences_title="What you get from us",
    preferences_for="Mail to {address}",
    choose="I want to get",
    this_sort="this sort of mail",
    save="Save",
    saved="Your choice is saved.",
    all_title="Nothing at all",
    all_text="No newsletters and no offers, whatever the list. What you order or ask for still gets its answers.",
    all_button="Stop all newsletters and offers",
    all_is_off="You get no newsletters and offers from us.",
    reason_title="Would you tell us why?",
    reason_label="Reason",
    reasons=(
        ("", "I would rather not say"),
        ("too many", "Too many mails"),
        ("not interested", "Not interesting to me"),
        ("never asked", "I never asked for them"),
        ("other", "Something else"),
    ),
    comment_label="In your own words",
    send="Send",
    thanks="Thank you. Your answer is saved.",
    unknown_title="This link does not work",
    unknown_text="It may have been cut off. Open it again from the mail, or answer the mail and ask to be unsubscribed.",
    one_click="You are unsubscribed.",
)
GERMAN = Words(
    language="de",
    ask_title="Abmelden?",
    ask_topic="Keine E-Mails zu „{topic}“ mehr an {address}.",
    ask_all="Keine Newsletter und Angebote mehr an {address}.",
    unsubscribe="Abmelden",
    out_title="Sie sind abgemeldet",
    out_topic="{address} bekommt keine E-Mails zu „{topic}“ mehr.",
    out_all="{address} bekommt keine Newsletter und Angebote mehr von uns.",
    again="Rückgängig: wieder anmelden",
    back_title="Sie sind wieder angemeldet",
    back_topic="{address} bekommt E-Mails zu „{topic}“.",
    back_all="{address} darf Newsletter und Angebote von uns bekommen.",
    preferences="Auswählen, was Sie bekommen möchten",
    preferences_title="Was Sie von uns bekommen",
    preferences_for="E-Mails an {address}",
    choose="Ich möchte bekommen",
    this_sort="diese Art von E-Mails",
    save="Speichern",
    saved="Ihre Auswahl ist gespeichert.",
    all_title="Gar nichts",
    all_text="Keine Newsletter und keine Angebote, aus keiner Liste. Antworten auf Bestellungen und Fragen kommen weiterhin.",
    all_button="Alle Newsletter und Angebote abbestellen",
    all_is_off="Sie bekommen keine Newsletter und Angebote von uns.",
    reason_title="Verraten Sie uns, warum?",
    reason_label="Grund",
    reasons=(
        ("", "Möchte ich nicht sagen"),
        ("too many", "Zu viele E-Mails"),
        ("not interested", "Für mich nicht interessant"),
        ("never asked", "Ich habe sie nie bestellt"),
        ("other", "Etwas anderes"),
    ),
    comment_label="In Ihren eigenen Worten",
    send="Senden",
    thanks="Danke. Ihre Antwort ist gespeichert.",
    unknown_title="Dieser Link funktioniert nicht",
    unknown_text="Vielleicht wurde er abgeschnitten. Öffnen Sie ihn noch einmal aus der E-Mail, oder antworten Sie auf die E-Mail.",
    one_click="Sie sind abgemeldet.",
)
_BY_LANGUAGE = {words.language: words for words in (ENGLISH, GERMAN)}


def words_for(accept_language: str) -> Words:
    """The language that the browser likes best of those we have; English when it names none of them."""
    best, liked = ENGLISH, 0.0
    for part in accept_language[:_LONGEST_WISH].split(","):
        found = _RANGE.fullmatch(part)
        words = _BY_LANGUAGE.get(found[1].lower()) if found else None
        weight = float(found[2]) if found and found[2] else 1.0
        if words is not None and weight > liked:
            best, liked = words, weight
    return best
