"""What words become for one recipient, before anybody saved them; as a page that a frame shows.

The page is made of what a person wrote and of what recipients' fields bring along, so it comes with a policy that runs and fetches nothing but
pictures (CSP level 3, `sandbox`).
"""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping, Sequence
from html import escape

from sqlalchemy.orm import Session

from mailloom.api import Office
from mailloom.errors import NotFound
from mailloom.mail.address import normalise

from .checking import candidate_with
from .drafting import Content
from .inlining import inlined, text_of
from .models import Mailing, Variant
from .rendering import Person, Words, Written, values_of
from .skeleton import File
from .targets import Candidate

HEADERS: Mapping[str, str] = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'unsafe-inline'; img-src data: https: http:; form-action 'none'; frame-ancestors 'self'; base-uri 'none'; "
        "sandbox allow-popups allow-popups-to-escape-sandbox"
    ),
    "X-Frame-Options": "SAMEORIGIN",
    "Referrer-Policy": "no-referrer",
}
_LARGEST_PICTURE = 2_000_000
_BODY = re.compile(r"<body\b[^>]*>", re.IGNORECASE)
_BAR = (
    '<div style="all:initial;display:block;font:14px system-ui,sans-serif;color:#1b1f29;background:#eef0f4;padding:10px 14px;'
    'border-bottom:1px solid #dfe3ea"><b style="font-weight:650">{subject}</b><br>'
    '<span style="color:#596273">{whom}</span></div>'
)
_PAGE = '<!doctype html><html lang="{language}"><head><meta charset="utf-8"><title>{title}</title></head><body style="{style}">{body}</body></html>'
_PLAIN = "margin:0;background:#fff;color:#1b1f29"
_PRE = '<pre style="white-space:pre-wrap;overflow-wrap:anywhere;font:14px/1.5 ui-monospace,monospace;padding:14px;margin:0">{text}</pre>'
_ERROR = '<p style="font:15px system-ui,sans-serif;color:#b0202c;padding:20px;margin:0" role="alert">{text}</p>'


def written_for(
    session: Session, office: Office, mailing: Mailing, content: Content, address: str
) -> tuple[Written, Candidate]:
    """The mail of a recipient with words that need not be kept yet. ConfigurationError when a name is missing, NotFound for a stranger."""
    if address and not normalise(address):
        raise NotFound(f"{address} is no mail address.")
    try:
        whom = candidate_with(session, office, mailing, address)
    except NotFound:
        if address:
            raise
        whom = Candidate(source="", address="", name="", values={})
    html = inlined(content.html)
    variant = Variant(
        mailing_id=mailing.id,
        label="",
        subject=content.subject,
        html=content.html,
        inlined=html,
        text=content.text or text_of(content.html),
    )
    words = Words(variant)
    person = Person(key=normalise(whom.address), address=whom.address, name=whom.name, values=whom.values)
    values = values_of(office, person, words.names, mailing_id=mailing.id, mailing=mailing.name, topic=mailing.topic)
    return words.render(values), whom


def framed(written: Written, whom: str, files: Sequence[File], *, plain: bool, language: str) -> str:
    """The page of a mail, with its subject above it."""
    bar = _BAR.format(subject=escape(written.subject), whom=escape(whom))
    if plain or not written.html:
        body = bar + _PRE.format(text=escape(written.text))
        return _PAGE.format(language=language, title=escape(written.subject), style=_PLAIN, body=body)
    html = _with_pictures(written.html, files)
    body_tag = _BODY.search(html)
    if body_tag is None:
        return _PAGE.format(language=language, title=escape(written.subject), style=_PLAIN, body=bar + html)
    return html[: body_tag.end()] + bar + html[body_tag.end() :]


def faulty(said: str, *, language: str) -> str:
    """The page when the words cannot become a mail."""
    text = _ERROR.format(text=escape(said))
    return _PAGE.format(language=language, title="", style=_PLAIN, body=text)


def _with_pictures(html: str, files: Sequence[File]) -> str:
    """What is sent along is shown from the page itself."""
    for file in files:
        if file.content_id and file.content_type.startswith("image/") and len(file.content) <= _LARGEST_PICTURE:
            address = f"data:{escape(file.content_type)};base64,{base64.b64encode(file.content).decode()}"
            html = html.replace(f"cid:{file.content_id}", address)
    return html
