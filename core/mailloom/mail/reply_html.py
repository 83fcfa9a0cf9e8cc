"""Turns HTML into the lines that the reply rules judge.

Rules kept: what is not displayed is not rendered; block elements end lines, paragraphs are set apart, quoted elements become quote
depth; links stay readable as `text <address>`. No recursion, linear time.
"""

from __future__ import annotations

import re

from mailloom.mail.reply_clients import Mark, Marked, is_hidden, is_indent, mark_of
from mailloom.mail.reply_line import Hint, Line, drawn, line_of
from mailloom.mail.reply_markup import VOID, Token, tokens, unescape
from mailloom.mail.reply_rendered import Element, Node, Rendered

_BLOCKS = frozenset(
    [
        "address",
        "article",
        "aside",
        "blockquote",
        "body",
        "center",
        "dd",
        "details",
        "dir",
        "div",
        "dl",
        "dt",
        "fieldset",
        "figcaption",
        "figure",
        "footer",
        "form",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "header",
        "html",
        "li",
        "main",
        "menu",
        "nav",
        "ol",
        "p",
        "pre",
        "section",
        "summary",
        "table",
        "tbody",
        "tfoot",
        "thead",
        "tr",
        "ul",
        "title",
        "head",
    ]
)
_SPACED = frozenset(["p", "h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "dl", "pre", "blockquote"])
_HIDDEN = frozenset(
    [
        "head",
        "script",
        "style",
        "title",
        "template",
        "noembed",
        "noframes",
        "iframe",
        "object",
        "select",
        "option",
        "button",
        "svg",
        "math",
    ]
)
_NO_MARGIN = re.compile(r"margin(?:-top|-bottom)?:0(?:px|pt|cm|in|em)?(?:[; ]|$|\s)|margin-bottom:0|margin:0")
_HEADER_LIKE = re.compile(r"\d|@|[:：]\s*$")  # in Gmail's container, above its quote: else it is an answer typed there
_SPACE = re.compile(r"[ \t\r\n\f\xa0]+")

HINTS = {Mark.ATTRIBUTION: Hint.ATTRIBUTION, Mark.SIGNATURE: Hint.SIGNATURE}


def render(source: str) -> Rendered:
    """The displayed lines of an HTML text. Never raises."""
    renderer = _Renderer(source, _quotes_with_blockquote(source))
    for token in tokens(source):
        renderer.take(token)
    renderer.finish()
    return Rendered(source=source, lines=tuple(renderer.lines), nodes=tuple(renderer.nodes))


def _quotes_with_blockquote(source: str) -> bool:
    """Whether Gmail's container marks its old lines by `<blockquote>`, so that other text in it may be an answer."""
    return re.search(r"<blockquote[\s>]", source, re.IGNORECASE) is not None


class _Renderer:
    def __init__(self, source: str, blockquotes: bool) -> None:
        self.lines: list[Line] = []
        self.nodes: list[Node] = []
        self._source = source
        self._length = len(source)
        self._blockquotes = blockquotes
        self._stack = [Element(tag="", number=-1, preformatted="<" not in source)]
        self._open: dict[str, int] = {}
        self._shown: list[str] = []
        self._matched: list[str] = []
        self._used: list[int] = []
        self._owner: Element | None = None
        self._gap = False
        self._in_mixed = False

    def take(self, token: Token) -> None:
        if not token.tag:
            self._text(token)
        elif token.closing:
            self._close(token)
        elif token.tag in VOID:
            self._void(token)
        else:
            self._enter(token)

    def finish(self) -> None:
        self._flush()
        while len(self._stack) > 1:
            self.nodes[self._stack.pop().number].end = self._length
        while self.lines and not self.lines[-1].raw and self.lines[-1].hint is Hint.NONE:
            self.lines.pop()

    def _enter(self, token: Token) -> None:
        above = self._stack[-1]
        if token.tag in {"p", "li", "td", "th", "tr"}:
            self._close_implied(token)
            above = self._stack[-1]
        element = self._inherit(token, above)
        self.nodes.append(Node(token.start, self._length, above.number, leaf=False))
        self._stack.append(element)
        self._open[token.tag] = self._open.get(token.tag, 0) + 1
        if element.hidden:
            return
        if token.tag in _BLOCKS:
            self._flush()
            self._gap = self._gap or element.spaced
        elif token.tag in {"td", "th"}:
            self._append(" ", " ")
        self._mark(token, element)
        if token.tag == "li":
            self._bullet(element)

    def _inherit(self, token: Token, above: Element) -> Element:
        attributes = token.attributes
        style = attributes.get("style", "").lower().replace(" ", "")
        margin = _NO_MARGIN.search(style) or "msonormal" in attributes.get("class", "").lower()
        element = Element(
            tag=token.tag,
            number=len(self.nodes),
            depth=above.depth,
            hint=above.hint,
            client=above.client,
            hidden=above.hidden or token.tag in _HIDDEN or is_hidden(attributes),
            preformatted=above.preformatted or token.tag == "pre" or "white-space:pre" in style,
            spaced=token.tag in _SPACED
            and not margin
            and not (token.tag in {"ul", "ol"} and self._open.get("li", 0) > 0),
        )
        if token.tag == "a":
            element.link = attributes.get("href", "").strip()
        if token.tag == "ol":
            start = attributes.get("start", "1")
            element.item = int(start) if start.isascii() and start.isdigit() and len(start) < 7 else 1
        return element

    def _mark(self, token: Token, element: Element) -> None:
        marked = mark_of(token.tag, token.attributes)
        if token.tag == "blockquote" and self._is_own_quotation(token):
            return
        if token.tag == "blockquote" and not is_indent(token.attributes):
            element.depth += 1
            element.hint = Hint.NONE
            self._in_mixed = False
            if marked is not None and marked.mark is Mark.QUOTE:
                element.client = marked.client
        elif marked is not None:
            self._apply(marked, element)

    def _is_own_quotation(self, token: Token) -> bool:
        """Gmail's quote button gives its quotes' class outside of the container of the old mail: that quote is the author's."""
        if "gmail_quote" not in token.attributes.get("class", "") or "cite" in token.attributes.get("type", ""):
            return False
        inside = self._stack[-1].depth > 0 or any(element.mixed for element in self._stack[-12:])
        last = next((line.text for line in reversed(self.lines[-3:]) if line.text), "")
        return not inside and not last.endswith(":")

    def _apply(self, marked: Marked, element: Element) -> None:
        if marked.mark is Mark.QUOTE or (marked.mark is Mark.MIXED_QUOTE and not self._blockquotes):
            element.depth += 1
            element.client = marked.client
            element.hint = Hint.NONE
        elif marked.mark is Mark.MIXED_QUOTE:
            element.mixed = self._in_mixed = True
        elif marked.mark in HINTS:
            element.hint = HINTS[marked.mark]
            element.client = marked.client
        elif element.depth == 0:
            hint = Hint.CUT if marked.mark is Mark.CUT else Hint.RULE
            self._flush()
            self.lines.append(Line(raw="", text="", hint=hint, client=marked.client))

    def _bullet(self, element: Element) -> None:
        for outer in reversed(self._stack[-4:-1]):
            if outer.tag == "ol" and outer.item is not None:
                self._append(f"{outer.item}. ", f"{outer.item}. ", element)
                outer.item += 1
                return
            if outer.tag in {"ul", "menu", "dir"}:
                break
        self._append("- ", "- ", element)

    def _close_implied(self, token: Token) -> None:
        top = self._stack[-1]
        if top.tag == token.tag and len(self._stack) > 1:
            self._pop(token.start)

    def _close(self, token: Token) -> None:
        if token.tag == "br":
            self._flush(forced=True)
            return
        if not self._open.get(token.tag):
            return
        while self._stack[-1].tag != token.tag:
            self._pop(token.start)
        self._pop(token.end)

    def _pop(self, end: int) -> None:
        element = self._stack.pop()
        self.nodes[element.number].end = end
        self._open[element.tag] -= 1
        if element.hidden:
            return
        if element.link:
            self._link(element)
        if element.mixed:
            self._in_mixed = False
        if element.tag in _BLOCKS:
            self._flush()
            self._gap = self._gap or element.spaced

    def _link(self, element: Element) -> None:
        if not element.link.lower().startswith(("http://", "https://", "ftp://")) or len(element.link) > 2000:
            return
        said = "".join(self._matched).strip()
        bare = element.link.split("://", 1)[1].rstrip("/")
        if self._shown and said and bare not in said:
            self._shown.append(f" <{element.link}>" if not self._shown[-1].endswith(" ") else f"<{element.link}>")

    def _void(self, token: Token) -> None:
        number = len(self.nodes)
        element = self._stack[-1]
        self.nodes.append(Node(token.start, token.end, element.number, leaf=True))
        if element.hidden or is_hidden(token.attributes):
            return
        if token.tag == "br":
            self._flush(forced=True)
        elif token.tag == "hr":
            self._rule(token, element)
        elif token.tag == "img" and token.attributes.get("alt", "").strip():
            alt = _SPACE.sub(" ", token.attributes["alt"]).strip()[:200]
            alt = alt if not any(c.isascii() and c.isalnum() for c in alt) else f"[{alt}]"
            self._append(alt, alt, element, number)

    def _rule(self, token: Token, element: Element) -> None:
        self._flush()
        marked = mark_of("hr", token.attributes)
        if marked is not None and marked.mark is Mark.CUT and element.depth == 0:
            self.lines.append(Line(raw="", text="", hint=Hint.CUT, client=marked.client))
            return
        raw = drawn("---", element.depth)
        self.nodes[-1].lines.append(len(self.lines))
        self.lines.append(Line(raw=raw, text="---", depth=element.depth, hint=Hint.RULE, client=element.client))

    def _text(self, token: Token) -> None:
        element = self._stack[-1]
        if element.hidden or not element.preformatted:
            self.nodes.append(Node(token.start, token.end, element.number, leaf=True))
            text = _SPACE.sub(" ", token.text)
            if not element.hidden:
                self._append(text, text, element, len(self.nodes) - 1)
            return
        start = token.start
        for place, piece in enumerate(self._source[token.start : token.end].split("\n")):
            if place:
                self._flush(forced=True)
            # Each line is a node of its own, so that the old lines of preformatted text can be cut.
            end = min(start + len(piece) + 1, token.end)
            self.nodes.append(Node(start, end, element.number, leaf=True))
            text = unescape(piece.rstrip("\r"))
            self._append(text, text, element, len(self.nodes) - 1)
            start = end

    def _append(self, shown: str, matched: str, element: Element | None = None, node: int | None = None) -> None:
        if not shown or (shown == " " and (not self._shown or self._shown[-1].endswith(" "))):
            return
        preformatted = element is not None and element.preformatted
        if not preformatted and (not self._shown or self._shown[-1].endswith(" ")):
            shown, matched = shown.lstrip(" "), matched.lstrip(" ")
        self._shown.append(shown)
        self._matched.append(matched)
        if node is not None:
            self._used.append(node)
        if element is not None and shown.strip() and (self._owner is None or self._owner.hint is Hint.NONE):
            self._owner = element if self._owner is None or element.depth >= self._owner.depth else self._owner

    def _flush(self, *, forced: bool = False) -> None:
        """End the current line; an empty one only counts when forced by a line break."""
        shown, matched = "".join(self._shown).rstrip(), "".join(self._matched)
        owner = self._owner or self._stack[-1]
        if shown.strip() or forced:
            if self._gap and self.lines and self.lines[-1].raw.strip("> ") and shown.strip():
                depth = min(owner.depth, self.lines[-1].depth)
                self.lines.append(
                    Line(raw=drawn("", depth), text="", depth=depth, client=owner.client if depth else "")
                )
            self._gap = False
            hint, client = owner.hint, owner.client
            if self._in_mixed and owner.hint is Hint.NONE and owner.depth == 0 and _HEADER_LIKE.search(shown[:200]):
                hint, client = Hint.ATTRIBUTION, client or "gmail"
            for node in self._used:
                self.nodes[node].lines.append(len(self.lines))
            self.lines.append(line_of(shown, matched, owner.depth, hint, client))
        self._shown.clear()
        self._matched.clear()
        self._used.clear()
        self._owner = None
