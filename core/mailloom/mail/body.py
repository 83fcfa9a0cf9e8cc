"""Which parts of a message are its text, and which are attachments.

RFC 2046 §5.1, RFC 2387 (related), RFC 1847 (signed, encrypted), RFC 2183 (disposition). HTML and plain text of one alternative are two
readings of one block; the blocks of a mixed follow one another. A calendar is never text. No part is left out.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING

from mailloom.mail.markup import as_markup

if TYPE_CHECKING:
    from mailloom.mail.part import Part


@dataclass(slots=True)
class Block:
    """One stretch of text in its readings; within a reading the parts follow one another."""

    plain: list[Part] = field(default_factory=list)
    html: list[Part] = field(default_factory=list)


@dataclass(slots=True)
class Layout:
    """Everything that a message shows, in its order. `inline` holds the parts that an HTML text may show inside itself."""

    blocks: list[Block] = field(default_factory=list)
    attached: list[Part] = field(default_factory=list)
    inline: set[int] = field(default_factory=set)
    has_text: bool = False


class Place(Enum):
    """Where a part stands, which decides what an unmarked text is."""

    ROOT = "root"
    MIXED = "mixed"
    ALTERNATIVE = "alternative"
    RELATED = "related"
    ATTACHED = "attached"


_FILE_TYPES = (
    "text/calendar text/vcard text/x-vcard text/directory text/csv text/rfc822-headers text/x-amp-html text/rtf text/x-patch "
    "text/x-diff text/xml text/css text/javascript"
)
_NEVER_TEXT = frozenset(_FILE_TYPES.split())

Step = tuple["Part", Place, Block | None]


def lay_out(root: Part) -> Layout:
    """Depth first and without recursion."""
    layout = Layout()
    ahead: list[Step] = [(root, Place.ROOT, None)]
    while ahead:
        part, place, block = ahead.pop()
        if part.parts:
            ahead += reversed(_children(part, place, block, layout))
        elif not part.is_multipart:
            _settle(part, place, block, layout)
    return layout


def _children(part: Part, place: Place, block: Block | None, layout: Layout) -> list[Step]:
    subtype = part.content_type.partition("/")[2]
    children = part.parts
    if place is Place.ATTACHED or subtype == "encrypted":
        return [(child, Place.ATTACHED, None) for child in children]
    if subtype == "alternative":
        if block is None:
            layout.blocks.append(block := Block())
        return [(child, Place.ALTERNATIVE, block) for child in children]
    if subtype == "related":
        root = _related_root(part)
        inside = place if place is not Place.ROOT else Place.MIXED
        return [(child, inside if child is root else Place.RELATED, block) for child in children]
    if subtype == "signed":
        first, *others = children
        return [(first, Place.MIXED, block), *((child, Place.MIXED, block) for child in others)]
    return [(child, Place.MIXED, block) for child in children]


def _related_root(part: Part) -> Part:
    """The part that `start` names (RFC 2387 §3.2), else the first that can hold text, else the first."""
    start = part.params.get("start", "").strip("<> ")
    readable = [child for child in part.parts if child.is_multipart or _is_text(child)]
    named = [child for child in readable if start and child.content_id == start]
    return (named or readable or list(part.parts))[0]


def _settle(part: Part, place: Place, block: Block | None, layout: Layout) -> None:
    if not _is_body(part, place, layout):
        layout.attached.append(part)
        if place is Place.RELATED:
            layout.inline.add(id(part))
        return
    if block is None:
        layout.blocks.append(block := Block())
    layout.has_text = True
    (block.html if part.content_type == "text/html" else block.plain).append(part)


def _is_text(part: Part) -> bool:
    return part.content_type.startswith("text/") and part.content_type not in _NEVER_TEXT


def _is_body(part: Part, place: Place, layout: Layout) -> bool:
    """A named text is a file, unless it is the only reading there is, or the first text of all."""
    if place is Place.ATTACHED or part.disposition == "attachment" or not _is_text(part):
        return False
    readable = part.content_type in ("text/plain", "text/html")
    if place is Place.ROOT:
        return True
    if place is Place.RELATED and (part.content_id or part.headers.get("content-location")):
        return False
    if place is Place.ALTERNATIVE:
        return readable
    if part.filename and layout.has_text:
        return False
    return readable or (not part.filename and not layout.blocks)


def joined_plain(layout: Layout, texts: dict[int, str]) -> str:
    """All plain texts in order. `texts`: by id of part."""
    return _joined([texts[id(part)] for block in layout.blocks for part in block.plain])


def joined_html(layout: Layout, texts: dict[int, str]) -> str:
    """All HTML texts in order, with the plain ones between them that have no HTML reading; '' if nothing is HTML."""
    if not any(block.html for block in layout.blocks):
        return ""
    pieces: list[str] = []
    for block in layout.blocks:
        if block.html:
            pieces += (texts[id(part)] for part in block.html)
        else:
            pieces += (as_markup(texts[id(part)]) for part in block.plain if texts[id(part)].strip())
    return _joined(pieces)


def _joined(pieces: list[str]) -> str:
    if len(pieces) == 1:
        return pieces[0]
    return "\n".join(piece.rstrip("\n") for piece in pieces if piece.strip()) + (
        "\n" if any(p.endswith("\n") for p in pieces) else ""
    )
