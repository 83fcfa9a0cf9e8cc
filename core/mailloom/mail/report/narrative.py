"""Failure reports in plain words: the formats of every mail system that writes a letter instead of fields.

Covers qmail (QSBMF), Exim, Sendmail of all ages, Postfix before 2.3, Exchange before 2007, Domino, GroupWise, Courier,
IMail, MDaemon, Yahoo, AOL, Mimecast, Zoho, Mail.ru, Google and their kin by what they have in common; see mentions.
"""

from __future__ import annotations

import re

from .addresses import addresses_in, clean
from .diagnostics import quotes_server, server_words
from .finding import Finding
from .layout import Fields
from .mentions import Mention, Rank, mentions_in

# A heading, then indented lines of one bare name each, with an explanation or without.
_LOCAL_NAMES = re.compile(
    r"following[^\n]{0,120}:?[ \t]*\n(?:[ \t]*\n)?((?:[ \t]{1,20}[A-Za-z][\w.+-]{0,63}(?:[ \t]{2,}[^\n]{0,200}|[ \t]\([^\n]{0,200})?\n){1,50})",
    re.I,
)
_RECIPIENT_HEADERS = ("x-failed-recipients", "x-failed-recipient", "x-actual-recipients", "x-mailer-daemon-recipients")


def header_recipients(fields: Fields) -> list[str]:
    """Failed addresses that the report names in its own header (Exim, Google, Mail.ru)."""
    for name in _RECIPIENT_HEADERS:
        if name in fields and (found := addresses_in(fields.raw(name))):
            return found
    return []


def local_recipients(letter: str, domain: str) -> list[str]:
    """Local users that a mail system reports by their bare names (AOL, GroupWise), made addresses of its own domain."""
    found = _LOCAL_NAMES.search(letter[:20_000]) if domain else None
    if found is None:
        return []
    return [f"{line.split()[0]}@{domain}" for line in found[1].splitlines() if line.strip()]


def read_narrative(
    letter: str, own: frozenset[str], addressees: list[str], named: list[str], naming: str = "failed recipients header"
) -> list[Finding]:
    """Findings of a letter.

    *named* are failed recipients known beforehand, *naming* says from where, *addressees* the recipients of the returned message,
    asked when neither header nor letter names one.
    """
    mentions = mentions_in(letter, own - {address.lower() for address in named})
    if not named:
        if mentions and mentions[0].rank >= Rank.PARAGRAPH:
            return [_finding(mention, letter if len(mentions) == 1 else "", "letter") for mention in mentions]
        return _guessed(mentions, letter, own, addressees)
    by_address = {mention.address.lower(): mention for mention in mentions}
    findings = []
    for address in named:
        mention = by_address.get(address.lower())
        if mention is None and len(named) == 1 and len(mentions) == 1 and mentions[0].rank >= Rank.LED:
            mention = mentions[0]
        mention = mention or Mention(address, Rank.NOT, lines=letter.split("\n") if len(named) == 1 else [])
        mention.address = address
        findings.append(_finding(mention, letter if len(named) == 1 else "", naming))
    return findings


def _guessed(mentions: list[Mention], letter: str, own: frozenset[str], addressees: list[str]) -> list[Finding]:
    others = [address for address in addressees if address.lower() not in own]
    known = {address.lower() for address in others}
    meant = [mention for mention in mentions if mention.address.lower() in known]
    if meant:
        return [_finding(mention, letter if len(meant) == 1 else "", "letter and returned header") for mention in meant]
    if len(mentions) == 1 and mentions[0].rank >= Rank.SENTENCE:
        return [_finding(mentions[0], letter, "letter")]
    if len(others) == 1:
        return [_finding(Mention(others[0], Rank.NOT, lines=letter.split("\n")), letter, "returned header")]
    if len(mentions) == 1:
        return [_finding(mentions[0], letter, "letter")]
    return []


def _finding(mention: Mention, letter: str, rule: str) -> Finding:
    text = mention.text or letter
    return Finding(
        recipient=clean(mention.address),
        alternatives=tuple(a for a in dict.fromkeys(mention.alternatives) if a.lower() != mention.address.lower()),
        diagnostic=_words(text, letter, mention.replies),
        comment=letter[:4000] if letter else text[:1500],
        rule=rule,
    )


def _words(text: str, letter: str, replies: list[str]) -> str:
    """Words of the server behind the address; before it, where the letter tells the cause first."""
    if letter and not replies and not quotes_server(text) and quotes_server(letter):
        return server_words(letter, replies)
    return server_words(text, replies)
