"""What rendering leaves behind: the lines, and which stretch of source went to which line; cuts the source back to the new part.

Rules kept: whole elements go, so the markup stays balanced; what shows no text (breaks, pictures) shares the fate of the text before
it. Flat lists, no recursion, linear time. Nothing is sanitised here: whoever displays the HTML must do that.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field

from mailloom.mail.reply_line import Hint, Line


@dataclass(slots=True)
class Element:
    """An open element and what its text inherits. `number` is its place in the list of nodes."""

    tag: str
    number: int
    depth: int = 0
    hint: Hint = Hint.NONE
    client: str = ""
    hidden: bool = False
    preformatted: bool = False
    spaced: bool = False
    mixed: bool = False
    link: str = ""
    item: int | None = None


@dataclass(slots=True)
class Node:
    """A stretch of source: an element (until `end`), or a leaf (text, void element). `lines` are those its text went to."""

    start: int
    end: int
    parent: int
    leaf: bool
    lines: list[int] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendered:
    """`lines[i].raw` is what to show; `nodes` map the source to line numbers."""

    source: str
    lines: tuple[Line, ...]
    nodes: tuple[Node, ...]


def prune(rendered: Rendered, shown: Collection[int]) -> str:
    """The source without the elements and texts of which no line is in `shown`; whole elements go, so the markup stays balanced."""
    nodes = rendered.nodes
    kept = [False] * len(nodes)
    state = True
    children = {node.parent for node in nodes}
    for number, node in enumerate(nodes):
        if node.lines:
            state = any(line in shown for line in node.lines)
        kept[number] = state and (node.leaf or number not in children)
    for number in range(len(nodes) - 1, -1, -1):
        if kept[number] and nodes[number].parent >= 0:
            kept[nodes[number].parent] = True
    pieces, position = [], 0
    for number, node in enumerate(nodes):
        if not kept[number] and node.start >= position:
            pieces.append(rendered.source[position : node.start])
            position = node.end
    pieces.append(rendered.source[position:])
    return "".join(pieces).strip()
