"""Why a message is what it is, in sentences: where it came from, who decided about it, who was written to and what became of that."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from mailloom.api.pages import _, n_
from mailloom.flow.outbox import WAITING
from mailloom.store.arrivals import Arrival
from mailloom.store.messages import Message, MessageKind
from mailloom.store.outbox import Delivery, DeliveryState

_UNDER_WAY = frozenset({*WAITING, DeliveryState.LEASED, DeliveryState.SENDING})


def story_of(message: Message, arrival: Arrival | None, deliveries: Sequence[Delivery]) -> list[str]:
    return [*_beginning(message, arrival), *_sending(message, deliveries)]


def _beginning(message: Message, arrival: Arrival | None) -> Iterator[str]:
    if message.kind is MessageKind.LOG:
        yield _("mailloom noted this by itself.")
    elif message.kind is MessageKind.NOTE:
        yield _("It is an internal note: it never leaves the organisation.")
    elif arrival is not None:
        yield _("{address} wrote it; it came in by mail.", address=message.from_address or _("unknown sender"))
        yield from _decision(arrival)
    elif message.outgoing and message.composer:
        yield _("It is a mailing: each recipient's mail is written when it is sent.")
    elif message.outgoing and message.thread_id is None:
        yield _("An application sent it.")
    elif message.outgoing:
        yield _("It was written on our side, as a part of the conversation.")
    if message.created_record:
        yield _("With it the conversation began.")
    elif message.parent_id is not None:
        yield _("It continues the conversation: it answers message {number}.", number=message.parent_id)


def _decision(arrival: Arrival) -> Iterator[str]:
    for step in arrival.steps:
        if step.get("verdict") not in ("pass", None):
            yield _(
                "The router “{router}” decided: {why}.",
                router=step.get("router", ""),
                why=step.get("why", "").rstrip("."),
            )


def _sending(message: Message, deliveries: Sequence[Delivery]) -> Iterator[str]:
    states = Counter(each.state for each in deliveries)
    if not deliveries and message.outgoing and message.kind is MessageKind.COMMENT:
        yield _("Nobody was written to: the conversation had no follower and no correspondent.")
    if count := states[DeliveryState.SENT]:
        yield n_("The server of {count} recipient took it.", "The servers of {count} recipients took it.", count)
    if count := sum(states[state] for state in _UNDER_WAY):
        yield n_("{count} mail is still on its way.", "{count} mails are still on their way.", count)
    if count := states[DeliveryState.BOUNCED]:
        yield n_("{count} mail was taken and came back later.", "{count} mails were taken and came back later.", count)
    if count := states[DeliveryState.REJECTED]:
        yield n_("{count} recipient was refused.", "{count} recipients were refused.", count)
    if count := states[DeliveryState.FAILED]:
        yield n_("{count} mail was given up.", "{count} mails were given up.", count)
    if count := states[DeliveryState.CANCELLED]:
        yield n_("{count} mail was cancelled.", "{count} mails were cancelled.", count)
    if count := states[DeliveryState.UNCERTAIN]:
        yield n_(
            "Of {count} mail nobody knows whether it arrived.",
            "Of {count} mails nobody knows whether they arrived.",
            count,
        )
