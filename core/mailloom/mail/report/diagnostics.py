"""The server's words inside the text that belongs to one failed address.

Around the words stand phrases of the reporting system; what it quotes tells more than what it says itself. Reply lines
("550 5.1.1 …"), transcripts ("<<< 550 …") and the phrases that introduce a quotation are looked for in this order.
"""

from __future__ import annotations

import re

_LONGEST = 2000
_QUOTING = re.compile(
    r"(?:\bsaid:|remote host said:|response was:|returned was:|remote server was:|generated following response:|"
    r"generated response:|\(reason: |reason:|error text:|error-text:|because:|error message below:|"
    r"appears to be\s{0,3}:|diagnostic information for administrators:|diagnostic code:|reason for the problem:|"
    r"technical details of (?:permanent|temporary) failure:|server message|gave this error:|error:)",
    re.I,
)
_REPLY = re.compile(r"(?:^|[\s'\"#(:;])((?:#)?[45][0-7]\d(?:[ \-]|:\s)(?=\s{0,3}\S).*)", re.S)
# Rules drawn with punctuation, and headings such as "Technical details:".
_ORNAMENT = re.compile(
    r"^(?:[^\w<]{3,}|[-=*_ ]{0,20}(?:technical details|failure reasons|error detail[^:]{0,20}|reason)[: ]{0,3}[-=*_ ]{0,20})$",
    re.I,
)
_HOST = re.compile(
    r"(?:\bhost:?|while talking to|talking to|by|server|connect(?:ed)? to|connection (?:to|with)|MX host)\s+([\w-]{1,63}(?:\.[\w-]{1,63}){1,8})",
    re.I,
)


def server_words(text: str, replies: list[str]) -> str:
    """What the other server said, as far as it can be told from the reporting system's own words."""
    if replies:
        joined = " ".join(reply for reply in replies if not reply.startswith(("503", "354", "250")))
        return f"{joined} {_first_paragraph(text)}".strip()[:_LONGEST]
    paragraph = _first_paragraph(text)
    if (reply := _REPLY.search(paragraph)) is not None:
        return reply[1].lstrip("#")[:_LONGEST]
    if (quoted := _QUOTING.search(text[:6000])) is not None:
        words = text[quoted.end() : quoted.end() + _LONGEST]
        if (reply := _REPLY.search(words)) is not None:
            return _first_paragraph(reply[1].lstrip("#"))
        return _first_paragraph(words)[:_LONGEST]
    if (reply := _REPLY.search(text[:6000])) is not None:
        return _first_paragraph(reply[1].lstrip("#"))[:_LONGEST]
    return paragraph[:_LONGEST]


def quotes_server(text: str) -> bool:
    """True when the text holds a reply line or a phrase that introduces one."""
    return bool(_REPLY.search(text[:6000]) or _QUOTING.search(text[:6000]))


def hosts_in(text: str) -> tuple[str, ...]:
    """Hosts that the text says were talked to, in order."""
    return tuple(dict.fromkeys(host.lower() for host in _HOST.findall(text[:6000])))


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
