"""The server's words inside the text that belongs to one failed address.

Around the words stand phrases of the reporting system; what it quotes tells more than what it says itself. Reply lines
("550 5.1.1 …"), transcripts ("<<< 550 …") and the phrases that introduce a quotation are looked for in this order.
"""

from __future__ import annotations

import re

_LONGEST = 2000
_QUOTING = (
    " said:", "remote host said:", "response was:", "returned was:", "remote server was:", "generated following response:",
    "generated response:", "(reason: ", "reason:", "error text:", "error-text:", "because:", "error message below:",
    "appears to be :", "appears to be:", "diagnostic information for administrators:", "diagnostic code:",
    "reason for the problem:", "details of permanent failure:", "details of temporary failure:", "server message",
    "gave this error:", "error:",
)  # fmt: skip
# The look-behind stands behind the first digit, so that the search can run from digit to digit.
_REPLY = re.compile(r"[45](?<![\w.@/-].)[0-7]\d(?:[ -]|:\s)\s{0,3}\S")
# Rules drawn with punctuation, and headings such as "Technical details:".
_ORNAMENT = re.compile(
    r"^(?:[^\w<]{3,}|[-=*_ ]{0,20}(?:technical details|failure reasons|error detail[^:]{0,20}|reason)[: ]{0,3}[-=*_ ]{0,20})$",
    re.I,
)
_HOST = re.compile(r"[ :\[]{1,3}([\w-]{1,63}(?:\.[\w-]{1,63}){1,8})")
_HOST_WORDS = ("host", "talking to", " by", "server", "connect to", "connected to", "connection to", "connection with")
_SEARCHED = 6000
_TRIES = 8


def server_words(text: str, replies: list[str]) -> str:
    """What the other server said, as far as it can be told from the reporting system's own words."""
    if replies:
        joined = " ".join(reply for reply in replies if not reply.startswith(("503", "354", "250")))
        return f"{joined} {_first_paragraph(text)}".strip()[:_LONGEST]
    paragraph = _first_paragraph(text)
    if (reply := _REPLY.search(paragraph)) is not None:
        return paragraph[reply.start() :][:_LONGEST]
    start = _quotation(text)
    reply = _REPLY.search(text, start if start >= 0 else 0, _SEARCHED)
    if reply is not None:
        start = reply.start()
    return (_first_paragraph(text[start : start + _LONGEST]) if start >= 0 else paragraph)[:_LONGEST]


def quotes_server(text: str) -> bool:
    """True when the text holds a reply line or a phrase that introduces one."""
    return _REPLY.search(text, 0, _SEARCHED) is not None or _quotation(text) >= 0


def hosts_in(text: str) -> tuple[str, ...]:
    """Hosts that the text says were talked to, in order."""
    lowered = text[:_SEARCHED].lower()
    hosts: dict[int, str] = {}
    for word in _HOST_WORDS:
        position = lowered.find(word)
        for _ in range(_TRIES):
            if position < 0:
                break
            position += len(word)
            if (found := _HOST.match(lowered, position)) is not None:
                hosts[position] = found[1]
            position = lowered.find(word, position)
    return tuple(dict.fromkeys(hosts[position] for position in sorted(hosts)))


def _quotation(text: str) -> int:
    """Where the first quoted words begin, -1 when none are introduced."""
    lowered = text[:_SEARCHED].lower()
    ends = [position + len(phrase) for phrase in _QUOTING if (position := lowered.find(phrase)) >= 0]
    return min(ends, default=-1)


def _first_paragraph(text: str) -> str:
    lines: list[str] = []
    for line in text.split("\n"):
        stripped = line.strip()
        if _ORNAMENT.match(stripped):
            continue
        if stripped:
            lines.append(stripped)
        elif lines:
            break
    return " ".join(lines)
