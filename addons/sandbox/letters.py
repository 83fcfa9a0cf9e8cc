"""What people and programs write back to a mail they got. Pure: the same mail and seed give the same bytes.

People answer to Reply-To or From; automatic answers go to the envelope sender and never answer a null one (RFC 3834 §4), except that of the
program that has never heard of this.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Mapping
from email.utils import format_datetime
from urllib.parse import parse_qs, unquote, urlsplit

from .characters import Writes, parameter_of
from .heard import Heard, Sent
from .reports import complaint, delay, failure

_MAILTO = re.compile(r"<(mailto:[^<>\s]{1,2000})>")
_WORDS = (
    "Thank you, that helps.",
    "Great, it works now!",
    "I tried that, and the light stays red. What next?",
    "Fine with me. When can I expect it?",
)


def answers_to(heard: Heard) -> list[Sent]:
    """What comes back; mostly one mail or none."""
    write = _LETTERS.get(heard.character.writes)
    sent = write(heard) if write is not None else None
    return [] if sent is None else [sent]


def reply(heard: Heard) -> Sent | None:
    """New words above, the quoted mail below."""
    quoted = "\r\n".join(f"> {line}".rstrip() for line in _text(heard).splitlines())
    body = f"{_pick(heard)}\r\n\r\nOn {heard.at:%a, %b %d, %Y at %H:%M}, {_author(heard)} wrote:\r\n\r\n{quoted}\r\n"
    return _by_a_person(heard, "text/plain; charset=utf-8", body)


def html_reply(heard: Heard) -> Sent | None:
    """HTML alone, as Outlook writes it: a rule, a block of headers, the mail."""
    quoted = html.escape(_text(heard)).replace("\n", "<br>\r\n")
    subject = html.escape(heard.mail.subject)
    body = (
        f'<html><body><div class="WordSection1"><p class="MsoNormal">{_pick(heard)}</p></div>\r\n'
        '<div style="border:none;border-top:solid #E1E1E1 1.0pt;padding:3.0pt 0cm 0cm 0cm">\r\n'
        f'<p class="MsoNormal"><b>From:</b> {html.escape(_author(heard))}<br><b>Sent:</b> {heard.at:%A, %d %B %Y %H:%M}<br>\r\n'
        f"<b>To:</b> {heard.recipient}<br><b>Subject:</b> {subject}</p></div>\r\n<p>{quoted}</p></body></html>\r\n"
    )
    return _by_a_person(heard, "text/html; charset=utf-8", body)


def forward(heard: Heard) -> Sent | None:
    """The mail, passed on to another address of the sender's domain; it refers to the mail as mail programs make it."""
    author = heard.mail.from_
    name = parameter_of(heard.recipient)
    if author is None or not name:
        return None
    body = f"Please see below, this is for you.\r\n\r\n---------- Forwarded message ---------\r\n{_text(heard)}\r\n"
    to = f"{name}@{author.domain}"
    head = [*_origin(heard, to, f"Fwd: {heard.mail.subject}"), *_reference(heard)]
    return Sent(sender=_own(heard), recipient=to, raw=_written(head, "text/plain; charset=utf-8", body))


def absence(heard: Heard) -> Sent | None:
    """Out of office (RFC 3834); nothing to a null sender, and only once to each."""
    if not heard.sender or heard.number > 1:
        return None
    body = "I am out of the office this week and read your mail on Monday.\r\n"
    head = [
        *_origin(heard, heard.sender, f"Out of office: {heard.mail.subject}"),
        *_reference(heard),
        ("Auto-Submitted", "auto-replied"),
        ("Precedence", "bulk"),
    ]
    return Sent(sender="", recipient=heard.sender, raw=_written(head, "text/plain; charset=utf-8", body))


def echo(heard: Heard) -> Sent | None:
    """A program without manners answers everything, without saying that it is one."""
    return _by_a_person(heard, "text/plain; charset=utf-8", "Your message has been received.\r\n")


def opt_out(heard: Heard) -> Sent | None:
    """What mail programs write to the address in List-Unsubscribe (RFC 2369 §3.2); nothing when the mail has none."""
    found = _MAILTO.search(heard.mail.headers.get("List-Unsubscribe"))
    if found is None:
        return None
    address = urlsplit(found[1])
    subject = parse_qs(address.query).get("subject", ["unsubscribe"])[0]
    head = _origin(heard, unquote(address.path), subject)
    return Sent(
        sender=_own(heard), recipient=unquote(address.path), raw=_written(head, "text/plain; charset=utf-8", "\r\n")
    )


def first_letter(sender: str, to: str, subject: str, text: str, token: str, date: str) -> Sent:
    """Somebody in the sandbox writes first."""
    head = [
        ("From", f"{_name(sender)} <{sender}>"),
        ("To", to),
        ("Subject", subject),
        ("Date", date),
        ("Message-ID", f"<{token}@{sender.rpartition('@')[2]}>"),
    ]
    return Sent(sender=sender, recipient=to, raw=_written(head, "text/plain; charset=utf-8", f"{text}\r\n"))


_LETTERS: Mapping[Writes, Callable[[Heard], Sent | None]] = {
    Writes.REPLY: reply,
    Writes.HTML_REPLY: html_reply,
    Writes.ABSENCE: absence,
    Writes.FORWARD: forward,
    Writes.ECHO: echo,
    Writes.OPT_OUT: opt_out,
    Writes.FAILURE: failure,
    Writes.DELAY: delay,
    Writes.COMPLAINT: complaint,
}


def _by_a_person(heard: Heard, content_type: str, body: str) -> Sent | None:
    asked = heard.mail.reply_to or ([heard.mail.from_] if heard.mail.from_ else [])
    if not asked:
        return None
    to = asked[0].address
    subject = heard.mail.subject
    head = [*_origin(heard, to, subject if subject.lower().startswith("re:") else f"Re: {subject}"), *_reference(heard)]
    return Sent(sender=_own(heard), recipient=to, raw=_written(head, content_type, body))


def _origin(heard: Heard, to: str, subject: str) -> list[tuple[str, str]]:
    own = _own(heard)
    return [
        ("From", f"{_name(own)} <{own}>"),
        ("To", to),
        ("Subject", subject),
        ("Date", format_datetime(heard.at)),
        ("Message-ID", f"<{heard.token}@{own.rpartition('@')[2]}>"),
    ]


def _reference(heard: Heard) -> list[tuple[str, str]]:
    original = heard.mail.message_id
    if not original:
        return []
    return [("In-Reply-To", original), ("References", " ".join([*heard.mail.references[-10:], original]))]


def _written(head: list[tuple[str, str]], content_type: str, body: str) -> bytes:
    fields = [*head, ("MIME-Version", "1.0"), ("Content-Type", content_type), ("Content-Transfer-Encoding", "8bit")]
    return f"{head_text(fields)}\r\n{body}".encode()


def head_text(fields: list[tuple[str, str]]) -> str:
    """Header lines; what a field brings along from a strange mail stays on its line."""
    return "".join(f"{name}: {' '.join(value.split())}\r\n" for name, value in fields)


def _own(heard: Heard) -> str:
    return heard.recipient


def _name(address: str) -> str:
    first = address.partition("@")[0].partition(".")[0]
    return first[:1].upper() + first[1:]


def _author(heard: Heard) -> str:
    author = heard.mail.from_
    return f"{author.name} <{author.address}>" if author is not None else heard.sender


def _pick(heard: Heard) -> str:
    return _WORDS[int(heard.token[:8], 16) % len(_WORDS)]


def _text(heard: Heard) -> str:
    return heard.mail.plain
