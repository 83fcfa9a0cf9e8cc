"""From the HTML that somebody wrote to the HTML and text that go out: style rules on their elements, once for each template.

An inliner reads HTML as a browser does, and would move or escape what belongs to the template language. So every {{ … }} and {% … %} is put out of
its sight first: as a comment between elements (where even a table takes one), as a word inside tags, titles and style sheets. Nothing is loaded
from elsewhere; rules that cannot stand on an element (@media) stay.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from secrets import token_hex

from mailloom.errors import ConfigurationError
from mailloom.mail.reply import html_to_text

_TEMPLATE_MARK = re.compile(r"\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}", re.DOTALL)
_TAG = re.compile(r"<(?:!--.*?--|[a-zA-Z/!](?:[^<>\"']|\"[^\"]*\"|'[^']*')*)>", re.DOTALL)
_RAW = re.compile(r"<(title|style|script|textarea)\b.*?</\1\s*>", re.DOTALL | re.IGNORECASE)


def inlined(html: str) -> str:
    """What goes out for what was written. ConfigurationError when the addon's library is missing or refuses the page."""
    if "<" not in html:
        return html
    marks = _Marks(html)
    try:
        import css_inline

        page = css_inline.CSSInliner(load_remote_stylesheets=False, keep_at_rules=True).inline(marks.hidden)
    except ImportError:
        raise ConfigurationError(
            "The library css-inline is missing.", remedy='Run: pip install "mailloom[mailing]"'
        ) from None
    except Exception as error:
        raise ConfigurationError(
            f"The HTML cannot be prepared: {str(error)[:200]}", remedy="Check its style sheet."
        ) from None
    shown = marks.shown(page)
    if lost := marks.lost(page):
        raise ConfigurationError(
            f"{lost[:80]} stands where HTML allows no text.", remedy="Move it into an element or an attribute."
        )
    return shown


def text_of(html: str) -> str:
    """The plain text part for those who read no HTML: links stay as addresses, and so does everything of the template."""
    marks = _Marks(html, plain=True)
    return marks.shown(html_to_text(marks.hidden))


class _Marks:
    """A page whose template marks are words of our own, and the way back."""

    def __init__(self, html: str, *, plain: bool = False) -> None:
        self._nonce = f"m{token_hex(6)}"
        self._kept: list[str] = []
        inside = _inside_tags(_without_marks(html))
        pieces, end = [], 0
        for found in _TEMPLATE_MARK.finditer(html):
            hidden = self._word(len(self._kept))
            self._kept.append(found[0])
            if not inside(found.start()):
                hidden = hidden if plain else f"<!--{hidden}-->"
            elif plain and html[: found.start()].endswith(('"', "'", "=")):
                # A link counts as one only when it begins like one.
                hidden = f"https://{hidden}/"
            pieces += [html[end : found.start()], hidden]
            end = found.end()
        self.hidden = "".join([*pieces, html[end:]])

    def _word(self, number: int) -> str:
        return f"{self._nonce}x{number}x"

    def shown(self, page: str) -> str:
        """With the marks again."""
        pattern = rf"<!--{self._nonce}x(\d+)x-->|https://{self._nonce}x(\d+)x/|{self._nonce}x(\d+)x(?:=\"\")?"
        return re.sub(pattern, lambda found: self._kept[int(found[found.lastindex or 1])], page)

    def lost(self, page: str) -> str:
        """A mark that the page does not have any more; '' when all are there."""
        words = ((self._word(number), mark) for number, mark in enumerate(self._kept))
        return next((mark for word, mark in words if word not in page), "")


def _without_marks(html: str) -> str:
    """The page with its marks blotted out, position by position: a `>` inside one closes no tag."""
    return _TEMPLATE_MARK.sub(lambda found: "x" * len(found[0]), html)


def _inside_tags(page: str) -> Callable[[int], bool]:
    spans = sorted([*(found.span() for found in _TAG.finditer(page)), *(found.span() for found in _RAW.finditer(page))])

    def inside(position: int) -> bool:
        return any(begin < position < end for begin, end in spans)

    return inside
