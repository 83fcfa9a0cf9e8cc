"""Which addresses a covering letter names as failed, and what it says about each.

No grammar holds for these letters, but habits do: the failed address heads its own paragraph or line, follows one of a
few phrases ("message to", "RCPT TO"), or stands in a server's reply. Each way in which a line can name an address has a
rank; the best rank found in the letter wins, so that addresses in advice, headers and signatures do not count.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

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


@dataclass(slots=True)
class Mention:
    """One failed address of a letter with the text that belongs to it."""

    address: str
    rank: int
    lines: list[str] = field(default_factory=list)
    alternatives: list[str] = field(default_factory=list)
    replies: list[str] = field(default_factory=list)
    transcribed: bool = False
    """True when a reply line of a transcript names it: the replies that follow belong to others."""

    @property
    def text(self) -> str:
        return "\n".join(self.lines).strip("\n")


def mentions_in(letter: str, own: frozenset[str]) -> list[Mention]:
    """Failed addresses with their texts, in order, best rank only. *own* are addresses that cannot have failed."""
    mentions: list[Mention] = []
    current: Mention | None = None
    replies: list[str] = []
    command = ""
    blank = True
    for line in letter.split("\n", _MAXIMUM_LINES)[:_MAXIMUM_LINES]:
        stripped = line.strip()
        blank, was_blank = not stripped, blank
        if stripped.startswith(">>>"):
            command = stripped[3:60].strip()
        if stripped.startswith("<<<"):
            replies.append(stripped[3:].strip())
            if current is not None:
                current.replies.append(stripped[3:].strip())
        elif stripped.startswith((">>> RCPT", ">>> rcpt", "... while talking", "While talking")):
            replies = []
        found = _named(line, own, was_blank) if "@" in line and len(line) < 2000 else None
        if found is None:
            if current is not None and not (current.transcribed and _REPLY_LINE.match(line)):
                current.lines.append(line)
            continue
        address, rank, rest = found
        if rank < 0 and current is not None:
            current.alternatives.append(address)
            current.lines.append(line)
            continue
        rank = rank if rank > 0 else 3
        if current is not None and rank < min(current.rank, 4) and not _REPLY_LINE.match(line):
            current.lines.append(line)
            continue
        if current is None or current.address.lower() != address.lower() or rank > current.rank:
            current = Mention(address, rank, replies=replies if _REPLY_LINE.match(line) else [])
            mentions.append(current)
            if current.replies:
                current.lines.append(f"(in reply to {command})")
            replies = []
            current.transcribed = bool(_REPLY_LINE.match(line))
        current.lines.append(rest)
    return _best(mentions)


def _named(line: str, own: frozenset[str], opens: bool) -> tuple[str, int, str] | None:
    """Address, rank and rest of a line; rank -1 marks the address a message came through; None: nothing named here."""
    line = _MAILTO.sub("", line) if "mailto:" in line and line.count("@") > 1 else line
    found = ADDRESS.search(line)
    if found is None:
        return None
    if _FROM_NOTE.match(line.strip()):
        return clean(found[0]), -1, line
    address = clean(found[0])
    lowered = address.lower()
    if not address.partition("@")[0]:
        return None
    before, after = line[: found.start()], line[found.end() :]
    if _FOREIGN_FIELD.match(line):
        return None
    rank = _rank(line, before, after, opens)
    if lowered in own:
        rank = 4 if rank == 5 else 0
    if rank and _is_office(lowered) and rank < 5:
        rank = 1 if rank > 2 else 0
    return (address, rank, _rest(line, before, after)) if rank else None


def _rank(line: str, before: str, after: str, opens: bool) -> int:
    if _TO_FIELD.match(line):
        return 1
    if _HEADS_LINE.match(before):
        if _SEPARATED.match(after):
            return 5
        if not opens:
            return 1
        return 3 if not after.strip("> ").lower().startswith(("wrote", "schrieb", "a écrit", "sent you")) else 0
    if _REPLY_LINE.match(before + " ") and after.lstrip("> ").startswith("..."):
        return 5
    if _ADVICE.search(line):
        return 0
    tail = before.rstrip(" \t:<\"'([=-\u201c\u201e").lower()
    if tail.endswith(_LEADS):
        return 4
    if after.lstrip("> ").startswith("...") or re.match(r">?\s?[:)]", after):
        return 3
    return 2


def _rest(line: str, before: str, after: str) -> str:
    if _HEADS_LINE.match(before):
        return after.lstrip("> :\"'")
    return line


def _is_office(address: str) -> bool:
    return address.partition("@")[0] in _OFFICES


_OFFICES = frozenset({"postmaster", "mailer-daemon", "abuse", "support", "helpdesk", "hostmaster", "admin", "info"})
_OFFICES |= {"webmaster", "no-reply", "noreply", "administrator", "root"}


def _best(mentions: list[Mention]) -> list[Mention]:
    if not mentions:
        return []
    best = max(mention.rank for mention in mentions)
    chosen: dict[str, Mention] = {}
    for mention in mentions:
        key = mention.address.lower()
        if mention.rank == best and key not in chosen:
            chosen[key] = mention
        elif key in chosen and mention is not chosen[key]:
            known = chosen[key]
            known.lines += mention.lines
            known.replies += mention.replies
            known.alternatives += mention.alternatives
    return list(chosen.values())
