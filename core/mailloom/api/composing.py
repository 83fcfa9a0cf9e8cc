"""Writing each recipient's mail when it is sent: what an addon provides that writes to many, and the values that cross that line.

A message whose `composer` names one has no bytes of its own for its deliveries. They are asked for when a delivery is claimed, many at once, in the
transaction of the claim. What is written must follow from stored values alone: a second try sends the same, and a page can show it years later.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from sqlalchemy.orm import Session


@dataclass(frozen=True, slots=True, kw_only=True)
class Ordered:
    """A delivery whose mail is wanted."""

    delivery_id: int
    message_id: int
    key: str
    """The recipient's normalised address."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Composition:
    """A mail without the delivery's own first header lines (To, X-Mailloom-Id, what addons added), CRLF throughout.

    `head` is this recipient's, with the rest of the header; `body` follows it without a gap and may be one object shared by all.
    """

    head: bytes
    body: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class Withheld:
    """The mail must not be sent now: the delivery is cancelled for this reason, untried. Whoever withholds it knows whether it comes again."""

    why: str


class Decoration(Protocol):
    """What an addon makes of the HTML of one message's mails; given by the hook `decorate_marketing`, asked for each recipient."""

    def decorate(self, html: str, delivery_id: int) -> str:
        """The HTML that goes out. The same for the same arguments, for a second try must send the same; asked from several threads."""
        ...


class Composer(Protocol):
    """Registered by `register_composers`."""

    name: str

    def compose(self, orders: Sequence[Ordered], session: Session) -> Mapping[int, Composition | Withheld]:
        """An answer by delivery id for each order; may write to tables of its own. What it raises puts the deliveries off."""
        ...

    def show(self, order: Ordered, session: Session) -> Composition | None:
        """What this recipient was sent, or would be; changes nothing. None when that cannot be told any more."""
        ...
