"""What the outbound path asks of addons: the part of the hook façade it uses, so that tests can answer for themselves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from sqlalchemy.orm import Session

from mailloom.api.drafts import Denial, Draft, Envelope, Purpose, Recipient
from mailloom.api.probing import Explanation
from mailloom.api.recorded import Settled
from mailloom.registry.calls import Hooks
from mailloom.store.outbox import Delivery


class OutboundHooks(Protocol):
    """`registry.calls.Hooks` fulfils this; see `api.hookspecs` for what each means."""

    def deny_recipients(
        self, addresses: Sequence[str], purpose: Purpose, topic: str, session: Session
    ) -> Mapping[str, Denial]: ...

    def choose_account(self, draft: Draft, session: Session) -> int | None: ...

    def return_path(
        self, draft: Draft, recipient: Recipient, delivery_id: int, account_id: int, session: Session
    ) -> str | None: ...

    def prepare_message(
        self, draft: Draft, recipient: Recipient, delivery_id: int, session: Session
    ) -> Sequence[tuple[str, str]]: ...

    def sign_message(self, envelope: Envelope, message: bytes) -> bytes: ...

    def explain_failure(self, reply: str, protocol: str, kind: str) -> Explanation | None: ...

    def delivery_recorded(self, delivery: Delivery, session: Session) -> None: ...

    def deliveries_recorded(self, deliveries: Sequence[Settled], session: Session) -> None: ...


class NoHooks:
    """Nobody has an opinion."""

    def deny_recipients(
        self, addresses: Sequence[str], purpose: Purpose, topic: str, session: Session
    ) -> Mapping[str, Denial]:
        return {}

    def choose_account(self, draft: Draft, session: Session) -> int | None:
        return None

    def return_path(
        self, draft: Draft, recipient: Recipient, delivery_id: int, account_id: int, session: Session
    ) -> str | None:
        return None

    def prepare_message(
        self, draft: Draft, recipient: Recipient, delivery_id: int, session: Session
    ) -> Sequence[tuple[str, str]]:
        return ()

    def sign_message(self, envelope: Envelope, message: bytes) -> bytes:
        return b""

    def explain_failure(self, reply: str, protocol: str, kind: str) -> Explanation | None:
        return None

    def delivery_recorded(self, delivery: Delivery, session: Session) -> None:
        return None

    def deliveries_recorded(self, deliveries: Sequence[Settled], session: Session) -> None:
        return None


def tell_settled(hooks: OutboundHooks, deliveries: Sequence[Delivery], session: Session) -> None:
    """Tell the observers of both sorts; the deliveries must be flushed."""
    if not deliveries:
        return
    for delivery in deliveries:
        hooks.delivery_recorded(delivery, session)
    hooks.deliveries_recorded([_as_settled(delivery) for delivery in deliveries], session)


def _as_settled(delivery: Delivery) -> Settled:
    return Settled(
        delivery_id=delivery.id,
        message_id=delivery.message_id,
        state=delivery.state,
        status=delivery.status,
        reply=delivery.reply,
    )


def implemented(hooks: OutboundHooks, hook: str) -> bool:
    """Whether any addon implements a hook, so that the hot path need not ask for every delivery."""
    if isinstance(hooks, Hooks):
        return bool(hooks.implementations.of(hook))
    return type(hooks) is not NoHooks
