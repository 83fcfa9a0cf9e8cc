"""A file that came with a message, wherever it was hidden: a part, a uuencoded block, a winmail.dat."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    """`name` is '' where the sender gave none and is not checked to be safe as a path; `inline`: the HTML text shows it itself."""

    name: str
    content_type: str
    content_id: str = ""
    inline: bool = False
    load: Callable[[], bytes] = field(repr=False, compare=False)

    @property
    def content(self) -> bytes:
        """The file's own bytes, decoded when first asked for."""
        return self.load()

    @property
    def size(self) -> int:
        """Bytes of `content`."""
        return len(self.load())
