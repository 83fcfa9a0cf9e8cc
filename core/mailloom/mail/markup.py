"""The little HTML that reading mail needs: plain text as markup, the charset and the images that a page names."""

from __future__ import annotations

import re
from html import escape
from urllib.parse import unquote

_META_CHARSET = re.compile(rb"<meta\s[^<>]{0,200}?charset\s{0,5}=\s{0,5}[\"']?([\w.:-]{1,40})", re.IGNORECASE)
_CONTENT_ID = re.compile(r"[\"'(=]\s?cid:([^\"'()<>\s]{1,400})", re.IGNORECASE)
_HEAD = 4096
"""Bytes in which a page must declare its charset (browsers look at 1024)."""


def as_markup(text: str) -> str:
    """`text` escaped, its line ends kept."""
    escaped = escape(text.rstrip("\n"), quote=False)
    return f'<pre style="white-space: pre-wrap">{escaped}</pre>'


def declared_charset(page: bytes) -> str:
    """The charset of the page's meta element, '' if it has none."""
    match = _META_CHARSET.search(page, 0, _HEAD)
    return match[1].decode("ascii", "ignore") if match else ""


def content_ids(page: str) -> set[str]:
    """Every Content-ID that the page refers to with `cid:` (RFC 2392)."""
    return {unquote(found) for found in _CONTENT_ID.findall(page)} if "cid:" in page or "CID:" in page else set()
