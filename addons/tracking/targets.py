"""The links of a template that can be measured, in their order, and their tags. Pure functions of text.

A link is measured when it is the same for everybody: http or https, with nothing of the template language in it. So what a recipient's own values
bring along is never redirected to, and links that carry a secret of his (to unsubscribe, to log in) stay as they are.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from html import unescape
from urllib.parse import parse_qsl, urlencode, urlsplit

HREF = re.compile(r"(<a\b[^<>]{0,4000}?\shref\s*=\s*)(?:\"([^\"<>]*)\"|'([^'<>]*)')", re.IGNORECASE)
_LONGEST = 2000
_TEMPLATE = re.compile(r"\{[{%#]")


def written_links(html: str) -> Sequence[str]:
    """As the template has them, each once, in the order of their first place: the position in a token counts these."""
    found = (match[2] or match[3] or "" for match in HREF.finditer(html))
    return tuple(dict.fromkeys(written for written in found if target_of(written)))


def target_of(written: str) -> str:
    """Where a link leads; '' when it is not to be measured."""
    url = unescape(written).strip()
    if _TEMPLATE.search(written) or len(url) > _LONGEST or not url.isprintable() or " " in url:
        return ""
    try:
        parts = urlsplit(url)
        host = parts.hostname
    except ValueError:
        return ""
    return url if parts.scheme in ("http", "https") and host and not parts.username else ""


def tagged(url: str, tags: Mapping[str, str]) -> str:
    """With the tags in its query; one that it has already stays as it is."""
    parts = urlsplit(url)
    present = {name for name, _ in parse_qsl(parts.query, keep_blank_values=True)}
    added = urlencode({name: value for name, value in tags.items() if name not in present})
    return parts._replace(query="&".join(filter(None, (parts.query, added)))).geturl()
