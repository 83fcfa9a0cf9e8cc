"""Which addresses a covering letter names as failed, and what it says about each.

No grammar holds for these letters, but habits do: the failed address heads its own paragraph or line, follows one of a
few phrases ("message to", "RCPT TO"), or stands in a server's reply. Each way in which a line can name an address has a
rank; the best rank found in the letter wins, so that addresses in advice, headers and signatures do not count.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import IntEnum
from typing import NamedTuple

from .addresses import ADDRESS, clean

_MAXIMUM_LINES = 1500
_HEADS_LINE = re.compile(r"^[\s>*#|\"'<({\[\u2022\u00b7o-]{0,40}$")
_SEPARATED = re.compile(r"^[\s>\"')\]*]{0,4}(?:$|[:;,\t\[({]|\.\.\.|-|\s-|\son\s|\s\s|#)")
_MAILTO = re.compile(r"<?mailto:[^<>\s]{1,320}>?", re.I)
_REPLY_LINE = re.compile(r"^\s*(?:<<<\s*)?[45]\d\d[- ]")
_FROM_NOTE = re.compile(
    r"\(?\s*(?:expanded from|generated from|ultimately generated from|originally addressed to|was addressed to|"
    r"original address|original recipient|forwarded from|redirected from|reason: forwarded)\b",
    re.I,
)
_FOREIGN_FIELD = re.compile(
    r"^[\s>*-]{0,8}(?:from|sender|reply-to|message-id|message id|return-path|mail from|subject|sent|cc|date|received|"
    r"received from|x-[\w-]+|references|in-reply-to|list-[\w-]+|helo|envelope-from|errors-to|von|expéditeur|de|"
    r"absender|f=|delivered-to|feedback-id|dkim-signature|authentication-results|the message identifier)\b\s*[:=\[<]",
    re.I,
)
_TO_FIELD = re.compile(r"^[\s>*-]{0,8}(?:to|an|à|para|a)\s*:", re.I)
_ADVICE = re.compile(
    r"contact|assistance|please (?:send|forward|e-?mail|write|notify)|send (?:an? )?(?:e-?)?mail to|questions|support|"
    r"postmaster if|mailto:|for help|for further|further information|more information|if you (?:do|feel|believe|think)|"
    r"report this|unsubscribe|webmaster|bei fragen|kontakt|wenden sie sich|running the|the mail server at",
    re.I,
)
_LEADS = (
    "unknown user", "invalid final delivery userid", "exceeds allowed size", "undeliverable to", "attempts",
    "recipient", "recipients", "recipient address", "original address", "original recipient", "rcpt to", "addressed to",
    "error-for", "failed address", "failed recipient", "delivering your mail to", "your message to", "your mail to",
    "your email to", "message to", "mail to", "email to", "mail for", "message for", "deliver to", "delivered to",
    "deliver mail to", "deliver the message to", "deliver your message to", "failed for", "failed to", "delivery to",
    "email address", "e-mail address", "intended for", "user", "mailbox", "could not send to", "error sending to",
    "following address", "following recipient", "to user", "unable to reach", "sent to", "send to", "final-recipient",
    "address", "no such user", "user unknown", "empfänger", "destinataire", "destinatario", "destinatário", "получатель",
    "an", "account", "duplicated message-id in",
)  # fmt: skip
_COLON = re.compile(r">?\s?[:)]")
_QUOTES = ("wrote", "schrieb", "a écrit", "sent you", "escribió", "ha scritto")
_LONGEST_LINE = 2000
_OFFICES = frozenset({"postmaster", "mailer-daemon", "abuse", "support", "helpdesk", "hostmaster", "admin", "info"})
_OFFICES |= {"webmaster", "no-reply", "noreply", "administrator", "root"}


class Rank(IntEnum):
    """How plainly a line names a failed address; the best rank of a letter wins."""

    PASSED_THROUGH = -1
    """Not the failed address, but one the message came through ("generated from …")."""
    NOT = 0
    FIELD = 1
    """As in a To field, or in the middle of a wrapped sentence."""
    SENTENCE = 2
    PARAGRAPH = 3
    """Opens a paragraph of plain words, or its words follow after a colon."""
    LED = 4
    """Behind a phrase such as "your message to"."""
    HEADING = 5
    """Alone on its line or cut off by punctuation."""


@dataclass(slots=True)
class Mention:
    """One failed address of a letter with the text that belongs to it."""

    address: str
    rank: Rank
    lines: list[str] = field(default_factory=list)
    alternatives: list[str] = field(default_factory=list)
    replies: list[str] = field(default_factory=list)
    transcribed: bool = False
    """True when a reply line of a transcript names it: the replies that follow belong to others."""

    @property
    def text(self) -> str:
        return "\n".join(self.lines).strip("\n")


def mentions_in(letter: str, own: frozenset[str]) -> list[Mention]:
    """Failed addresses with their texts, in order, best rank only. *own* are addresses that hardly can have failed."""
    reading = _Reading(own)
    for line in letter.split("\n", _MAXIMUM_LINES)[:_MAXIMUM_LINES]:
        reading.read(line)
    return _best(reading.mentions)


class _Named(NamedTuple):
    """An address that a line names, how plainly, and the rest of the line."""

    address: str
    rank: Rank
    rest: str


class _Reading:
    """Where a reader of the letter stands: the address spoken of, and the dialogue of a transcript."""

    def __init__(self, own: frozenset[str]) -> None:
        self.mentions: list[Mention] = []
        self._own = own
        self._current: Mention | None = None
        self._replies: list[str] = []
        self._command = ""
        self._after_blank = True

    def read(self, line: str) -> None:
        """Take the next line in."""
        stripped = line.strip()
        self._listen(stripped)
        named = _named(line, self._own, self._after_blank) if "@" in line and len(line) < _LONGEST_LINE else None
        self._after_blank = not stripped
        is_reply = bool(_REPLY_LINE.match(line))
        if named is None:
            if self._current is not None and not (self._current.transcribed and is_reply):
                self._current.lines.append(line)
        elif self._current is not None and self._adds_to(self._current, named, is_reply):
            self._current.lines.append(line)
        else:
            self._turn_to(named, is_reply)

    def _listen(self, stripped: str) -> None:
        """Follow the dialogue of a transcript: >>> is the client's line, <<< the server's."""
        if stripped.startswith("<<<"):
            self._replies.append(stripped[3:].strip())
            if self._current is not None:
                self._current.replies.append(stripped[3:].strip())
        elif stripped.startswith((">>>", "... while talking", "While talking")):
            self._command = stripped[3:60].strip() if stripped.startswith(">>>") else self._command
            if not stripped.startswith(">>>") or stripped[3:].lstrip()[:4].upper() == "RCPT":
                self._replies = []

    def _adds_to(self, current: Mention, named: _Named, is_reply: bool) -> bool:
        """True when the line goes on about the current address rather than naming another."""
        if named.rank == Rank.PASSED_THROUGH:
            current.alternatives.append(named.address)
            return True
        return named.rank < min(current.rank, Rank.LED) and not is_reply

    def _turn_to(self, named: _Named, is_reply: bool) -> None:
        rank = named.rank if named.rank > 0 else Rank.PARAGRAPH
        current = self._current
        if current is None or current.address.lower() != named.address.lower() or rank > current.rank:
            current = Mention(named.address, rank, replies=self._replies if is_reply else [], transcribed=is_reply)
            if current.replies:
                current.lines.append(f"(in reply to {self._command})")
            self.mentions.append(current)
            self._current = current
            self._replies = []
        current.lines.append(named.rest)


def _named(line: str, own: frozenset[str], opens: bool) -> _Named | None:
    """What a line names, None when nothing. *opens* tells that the line opens a paragraph."""
    line = _MAILTO.sub("", line) if "mailto:" in line and line.count("@") > 1 else line
    found = ADDRESS.search(line)
    if found is None or _FOREIGN_FIELD.match(line):
        return None
    address = clean(found[0])
    if _FROM_NOTE.match(line.strip()):
        return _Named(address, Rank.PASSED_THROUGH, line)
    if not address.partition("@")[0]:
        return None
    before, after = line[: found.start()], line[found.end() :]
    rank = _for_whom(address.lower(), _rank(line, before, after, opens), own)
    rest = after.lstrip("> :\"'") if _HEADS_LINE.match(before) else line
    return _Named(address, rank, rest) if rank else None


def _rank(line: str, before: str, after: str, opens: bool) -> Rank:
    if _TO_FIELD.match(line):
        return Rank.FIELD
    if _HEADS_LINE.match(before):
        if _SEPARATED.match(after):
            return Rank.HEADING
        if not opens:
            return Rank.FIELD
        return Rank.NOT if after.strip("> ").lower().startswith(_QUOTES) else Rank.PARAGRAPH
    if _REPLY_LINE.match(before + " ") and after.lstrip("> ").startswith("..."):
        return Rank.HEADING
    if _ADVICE.search(line):
        return Rank.NOT
    if before.rstrip(" \t:<\"'([=-\u201c\u201e").lower().endswith(_LEADS):
        return Rank.LED
    explained = after.lstrip("> ").startswith("...") or _COLON.match(after) is not None
    return Rank.PARAGRAPH if explained else Rank.SENTENCE


def _for_whom(address: str, rank: Rank, own: frozenset[str]) -> Rank:
    """The rank with doubts about whose address it is: our own, or an office that advice refers to."""
    if address in own:
        rank = Rank.LED if rank is Rank.HEADING else Rank.NOT
    if rank and rank < Rank.HEADING and address.partition("@")[0] in _OFFICES:
        return Rank.FIELD if rank > Rank.SENTENCE else Rank.NOT
    return rank


def _best(mentions: list[Mention]) -> list[Mention]:
    """Mentions of the best rank, each with what weaker mentions of the same address add."""
    best = max((mention.rank for mention in mentions), default=Rank.NOT)
    chosen: dict[str, Mention] = {}
    for mention in mentions:
        known = chosen.get(mention.address.lower())
        if known is None and mention.rank == best:
            chosen[mention.address.lower()] = mention
        elif known is not None:
            known.lines += mention.lines
            known.replies += mention.replies
            known.alternatives += mention.alternatives
    return list(chosen.values())
