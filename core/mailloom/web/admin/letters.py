"""The HTML of a mail made fit to be looked at, and its files fit to be handed out: both come from strangers.

Three walls stand behind each other, and each alone would keep a script from running: only harmless elements and attributes are left (nh3);
the page is served with a policy that allows no script, no form, no frame and no fetch (CSP level 3, `sandbox`); and the frame around it has
the same sandbox.
Images from outside tell their sender that the mail was read, so the policy lets none in until somebody asks.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from urllib.parse import quote

from markupsafe import escape

from mailloom.mail.attachment import Attachment
from mailloom.mail.message import Message as Mail
from mailloom.web.admin.harmless import LONGEST_HTML, PICTURES, safe_html

_MOST_INLINE_OCTETS = 3_000_000
_LONGEST_NAME = 150
_DOWNLOADED_AS_THEY_ARE = PICTURES | {"application/pdf", "application/zip", "text/csv"}

_LOOK = (
    "body{margin:16px;font:15px/1.5 system-ui,-apple-system,'Segoe UI',Roboto,'Noto Sans',sans-serif;"
    "color:#1b1f29;background:#fff;overflow-wrap:anywhere}"
    "img{max-width:100%;height:auto}table{max-width:100%}pre{white-space:pre-wrap}"
    "blockquote{margin:0 0 0 8px;padding-left:12px;border-left:3px solid #d5d9e2}"
)


def letter_page(mail: Mail, title: str, *, images: bool) -> str:
    """A whole page of what the mail says, for the frame. `images`: pictures may be fetched from outside."""
    pictures = _pictures(mail.attachments)
    written = mail.html[:LONGEST_HTML]
    shown = (
        safe_html(written, pictures, images=images) if written else f"<pre>{escape(mail.plain[:LONGEST_HTML])}</pre>"
    )
    return (
        f'<!doctype html><html lang="und"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f"<title>{escape(title)}</title><style>{_LOOK}</style></head><body>{shown}</body></html>"
    )


def policy(*, images: bool) -> dict[str, str]:
    """The headers of that page. `images`: pictures may be fetched from outside."""
    sources = "data: https: http:" if images else "data:"
    return {
        "Content-Security-Policy": (
            f"default-src 'none'; style-src 'unsafe-inline'; img-src {sources}; form-action 'none'; frame-ancestors 'self'; base-uri 'none'; "
            "sandbox allow-popups allow-popups-to-escape-sandbox"
        ),
        "X-Frame-Options": "SAMEORIGIN",
        "Referrer-Policy": "no-referrer",
    }


def download_headers(name: str, number: int) -> dict[str, str]:
    """A browser stores the file and shows nothing of it (RFC 6266)."""
    plain = "".join(letter for letter in name if letter.isprintable() and letter not in '/\\:*?"<>|').strip(". ")
    safe = plain[-_LONGEST_NAME:] or f"file-{number + 1}"
    ascii_name = safe.encode("ascii", "replace").decode().replace("?", "_").replace("%", "_")
    encoded = quote(safe.encode("utf-8", "replace"), safe="")
    return {
        "Content-Disposition": f"attachment; filename=\"{ascii_name}\"; filename*=UTF-8''{encoded}",
        "Content-Security-Policy": "default-src 'none'; sandbox",
    }


def download_type(file: Attachment) -> str:
    """The file's own type where a browser that shows it all the same would run nothing of it."""
    return file.content_type if file.content_type in _DOWNLOADED_AS_THEY_ARE else "application/octet-stream"


def _pictures(files: Sequence[Attachment]) -> dict[str, str]:
    """By content id, as `data:` addresses: the frame may fetch nothing, and its requests would come without a session."""
    found, room = {}, _MOST_INLINE_OCTETS
    for file in files:
        if file.content_id and file.content_type in PICTURES and file.size <= room:
            room -= file.size
            encoded = base64.b64encode(file.content).decode()
            found[file.content_id.strip("<>")] = f"data:{file.content_type};base64,{encoded}"
    return found
