"""The half of the office that only passes on: what an addon asks within its session goes to the hooks of all addons, or to one function of a flow."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from mailloom.api.accounts import Rest
from mailloom.api.composing import Decoration
from mailloom.api.drafts import Denial, Purpose
from mailloom.api.persons import Topic
from mailloom.api.sending import Capabilities
from mailloom.flow.account_values import account_capabilities
from mailloom.flow.alarms import close_alarms, raise_alarm
from mailloom.flow.composing import mail_as_sent
from mailloom.flow.health import pause
from mailloom.flow.outbound_hooks import tell_settled
from mailloom.flow.persons import erase_core, export_core
from mailloom.flow.resting import rest_of
from mailloom.registry.registry import Registry
from mailloom.store.accounts import AccountRow, AccountState
from mailloom.store.memory import Memory
from mailloom.store.messages import Message
from mailloom.store.outbox import Delivery

_CAPABILITIES = Memory(AccountRow)
"""Asked for with every delivery."""


class Desk:
    """Base of `App`; the docstrings are those of `Office`."""

    registry: Registry
    now: Callable[[], datetime]

    def pause_account(self, session: Session, account_id: int, reason: str, remedy: str) -> None:
        row = session.get(AccountRow, account_id, with_for_update=True)
        if row is not None and row.state is not AccountState.PAUSED:
            pause(session, row, reason, remedy, self.now())

    def mail_as_sent(self, session: Session, delivery: Delivery) -> bytes:
        message = session.get_one(Message, delivery.message_id)
        return mail_as_sent(session, self.registry.composers, delivery, message)

    def denials(
        self, session: Session, addresses: Sequence[str], purpose: Purpose, topic: str = ""
    ) -> Mapping[str, Denial]:
        return self.registry.hooks.deny_recipients(addresses, purpose, topic, session)

    def rest_of_account(self, session: Session, account_id: int) -> Rest | None:
        row = session.get(AccountRow, account_id)
        return rest_of(session, row, self.now()) if row is not None else None

    def bulk_denial(self, session: Session, domain: str, per_day: int) -> Denial | None:
        return self.registry.hooks.permit_bulk(domain, per_day, session)

    def delivery_settled(self, session: Session, delivery: Delivery) -> None:
        tell_settled(self.registry.hooks, [delivery], session)

    def deliveries_settled(self, session: Session, deliveries: Sequence[Delivery]) -> None:
        tell_settled(self.registry.hooks, deliveries, session)

    def complaint_recorded(self, session: Session, delivery: Delivery, feedback_type: str) -> None:
        self.registry.hooks.complained(delivery, feedback_type, session)

    def topics_for(self, session: Session, address: str) -> list[Topic]:
        return self.registry.hooks.offer_topics(address, session)

    def opted_out(self, session: Session, address: str, topic: str, source: str) -> None:
        self.registry.hooks.opted_out(address, topic, source, session)

    def opted_in_again(self, session: Session, address: str, topic: str) -> None:
        self.registry.hooks.opted_in_again(address, topic, session)

    def decorations(self, session: Session, message_id: int) -> list[Decoration]:
        return self.registry.hooks.decorate_marketing(message_id, session)

    def export_person(self, session: Session, address: str) -> dict[str, list[Mapping[str, Any]]]:
        return {**export_core(session, address), **self.registry.hooks.export_person(address, session)}

    def erase_person(self, session: Session, address: str) -> dict[str, int]:
        addons = self.registry.hooks.erase_person(address, session)
        return {**addons, **erase_core(session, address, self.now())}

    def capabilities(self, account_id: int, session: Session) -> Capabilities | None:
        known = _CAPABILITIES.of(session)
        if account_id not in known:
            row = session.get(AccountRow, account_id)
            kind = self.registry.transports.get(row.kind) if row is not None else None
            known[account_id] = None if row is None or kind is None else account_capabilities(row, kind.capabilities)
        found: Capabilities | None = known[account_id]
        return found

    def raise_alarm(self, session: Session, subject: str, text: str, remedy: str = "") -> None:
        raise_alarm(session, subject, text, remedy, self.now())

    def close_alarms(self, session: Session, subject: str) -> None:
        close_alarms(session, subject, self.now())
