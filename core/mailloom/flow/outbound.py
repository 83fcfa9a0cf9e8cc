"""The first half of the outbound path: allow → prepare → choose → queue.

`enqueue` takes a draft to committed rows (by the caller's commit): the message and its bytes once, one delivery per recipient. All that can be
refused is refused here, by a sentence: header injection, an impossible From, a message too big for its account. Recipients that may not be written
to become deliveries in the state `rejected`, so that somebody who asks finds the reason. An idempotency key that is known queues nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from secrets import token_bytes
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from mailloom.api.drafts import Draft, Purpose, Queued, Recipient
from mailloom.errors import NotFound, Refused
from mailloom.flow.choose import Choice, Match, OutgoingAccount, choose, choose_by_id, choose_by_name, outgoing_accounts
from mailloom.flow.outbound_checks import check_draft, check_key, check_size, why_invalid
from mailloom.flow.outbound_hooks import OutboundHooks, tell_settled
from mailloom.flow.outbound_rows import Judged, Rows, Written, answer, message_row, recipient_row
from mailloom.flow.writing import body_of, own_lines, shared_lines, stored_message
from mailloom.mail.address import Address, normalise, parse_addresses
from mailloom.mail.compose import wire_address
from mailloom.mail.threading import new_loop_tag, new_message_id, references_for, sender_via
from mailloom.mail.token import BOUNCE, Keyring, number_payload, sign
from mailloom.store.messages import IdentifierOrigin, Message, identifier_key
from mailloom.store.outbox import Delivery, DeliveryState
from mailloom.store.queueing import (
    deliveries_of,
    digest_of,
    messages_by_key,
    new_ids,
)

_RANDOM_OCTETS = 10


class Outbound:
    """Queues drafts. One instance serves all threads; it keeps no state of its own.

    `organisation` stands in "Ann via …" when an account may not use the author's own address.
    """

    def __init__(
        self,
        hooks: OutboundHooks,
        keyring: Callable[[str], Keyring],
        clock: Callable[[], datetime],
        *,
        organisation: Callable[[], str] = lambda: "",
        random: Callable[[int], bytes] = token_bytes,
    ) -> None:
        self.hooks = hooks
        self.keyring = keyring
        self.clock = clock
        self.organisation = organisation
        self.random = random

    def enqueue(self, session: Session, draft: Draft) -> Queued:
        """Queue one draft; the caller commits. Raises MalformedMessage, Refused, NotFound or ConfigurationError, and then nothing was queued."""
        return self.enqueue_many(session, [draft])[0]

    def enqueue_many(self, session: Session, drafts: Sequence[Draft]) -> list[Queued]:
        """Queue many drafts in a handful of statements; one answer each, in order. An error of one draft refuses them all."""
        now = self.clock()
        for draft in drafts:
            check_key(draft.idempotency_key)
        known = messages_by_key(session, [draft.idempotency_key for draft in drafts if draft.idempotency_key])
        fresh: dict[int, Written] = {}
        first_with_key: dict[str, int] = {}
        accounts = outgoing_accounts(session)
        for position, draft in enumerate(drafts):
            key = draft.idempotency_key
            if key and (key in known or key in first_with_key):
                continue
            if key:
                first_with_key[key] = position
            fresh[position] = self._write(session, draft, accounts, now)
        queued = dict(zip(fresh, self._store(session, list(fresh.values()), now), strict=True))
        for position, draft in enumerate(drafts):
            if position not in queued:
                queued[position] = _repeated(session, draft, known, queued, first_with_key)
        return [queued[position] for position in range(len(drafts))]

    # --- allow, choose, prepare ---------------------------------------------------------------------------------------------------------

    def _write(self, session: Session, draft: Draft, accounts: Sequence[OutgoingAccount], now: datetime) -> Written:
        check_draft(draft)
        existing = _existing(session, draft)
        judged, invalid = self._allow(session, draft)
        choice = self._choose(session, draft, accounts)
        sender, reply_to = self._sender(draft, choice)
        message_id = self._message_id(draft, existing, sender, now)
        draft = replace(draft, references=references_for(draft.references, message_id))
        visible = replace(draft, recipients=[entry.recipient for entry in judged])
        shared = shared_lines(visible, sender, reply_to, message_id, now)
        # What is composed at sending was stored with the first recipients, and stays as it is for the others.
        stored = existing if existing is not None and draft.composer else None
        raw = b"" if stored is not None else stored_message(shared, body_of(draft))
        check_size(raw, choice)
        return Written(
            draft=draft,
            judged=judged,
            invalid=invalid,
            sender=sender,
            message_id=message_id,
            shared=shared,
            raw=raw,
            digest=(stored.raw_digest or "") if stored is not None else digest_of(raw),
            choice=choice,
            existing=existing,
        )

    def _allow(self, session: Session, draft: Draft) -> tuple[list[Judged], list[tuple[str, str]]]:
        """Recipients by key, each once, and the addresses that are none. Raises MalformedMessage for an injection."""
        found: dict[str, Recipient] = {}
        invalid = []
        for recipient in draft.recipients:
            shown = recipient.address.address
            reason = why_invalid(recipient.address)
            key = "" if reason else normalise(shown)
            if not key:
                invalid.append((shown, reason or "it is not a mail address"))
            else:
                found.setdefault(key, recipient)
        denied = self.hooks.deny_recipients(list(found), draft.purpose, draft.topic, session) if found else {}
        reasons = {key: denial.reason for key, denial in denied.items()}
        judged = [Judged(recipient=recipient, key=key, denial=reasons.get(key, "")) for key, recipient in found.items()]
        return judged, invalid

    def _choose(self, session: Session, draft: Draft, accounts: Sequence[OutgoingAccount]) -> Choice:
        wanted = normalise(draft.sender.address) if draft.sender else ""
        if draft.account:
            return choose_by_name(accounts, draft.account, wanted)
        number = self.hooks.choose_account(draft, session)
        if number is not None and (chosen := choose_by_id(accounts, number, wanted)) is not None:
            return chosen
        return choose(accounts, wanted)

    def _sender(self, draft: Draft, choice: Choice) -> tuple[Address, Address | None]:
        """The From that goes out and the Reply-To; a From that the account may not use is wrapped in its default From."""
        default = _default_from(choice.account)
        if draft.sender is None:
            if default is None:
                raise Refused(
                    "The mail names no From, and no account has a default From.",
                    remedy="Give the draft a sender, or set default_from of an outgoing account.",
                )
            return default, draft.reply_to
        if choice.match is not Match.WRAPPED or default is None:
            return draft.sender, draft.reply_to
        through = self.organisation() or default.name
        return sender_via(draft.sender, through, default), draft.reply_to or draft.sender

    def _message_id(self, draft: Draft, existing: Message | None, sender: Address, now: datetime) -> str:
        if existing is not None and existing.message_id:
            return existing.message_id
        if draft.message_id:
            return draft.message_id
        keyring, random = self.keyring("message-id"), self.random(_RANDOM_OCTETS)
        if draft.purpose is Purpose.AUTOMATIC:
            return new_loop_tag(sender.domain, keyring, random=random, now=now)
        thread = "mail" if draft.thread_id is None else str(draft.thread_id)
        return new_message_id(thread, sender.domain, keyring, random=random, now=now)

    # --- queue --------------------------------------------------------------------------------------------------------------------------

    def _store(self, session: Session, written: Sequence[Written], now: datetime) -> list[Queued]:
        rows = Rows()
        fresh_ids = iter(new_ids(session, Message, sum(entry.existing is None for entry in written)))
        numbers = [entry.existing.id if entry.existing is not None else next(fresh_ids) for entry in written]
        own_digests = [
            self._store_message(entry, number, rows, now) for entry, number in zip(written, numbers, strict=True)
        ]
        rows.insert_messages(session, now)
        delivery_ids = iter(new_ids(session, Delivery, sum(len(entry.judged) for entry in written)))
        queued, denied = [], []
        for entry, number, own_digest in zip(written, numbers, own_digests, strict=True):
            keys = [judged.key for judged in entry.judged]
            known = deliveries_of(session, number, keys) if entry.existing is not None else {}
            numbered = [(next(delivery_ids), judged) for judged in entry.judged if judged.key not in known]
            for delivery_id, judged in numbered:
                rows.deliveries.append(self._delivery(session, entry, number, delivery_id, judged, own_digest, now))
                if not entry.draft.composer:
                    rows.recipients.append(recipient_row(number, judged))
            denied += [delivery_id for delivery_id, judged in numbered if judged.denial]
            queued.append(answer(entry, number, numbered))
        rows.insert_deliveries(session)
        if denied:
            chosen = select(Delivery).where(Delivery.id.in_(denied)).order_by(Delivery.id)
            tell_settled(self.hooks, session.scalars(chosen).all(), session)
        return queued

    def _store_message(self, entry: Written, number: int, rows: Rows, now: datetime) -> str | None:
        """Adds or completes the message; returns the digest that its deliveries need of their own, when the message has another one."""
        existing = entry.existing
        if existing is not None and entry.draft.composer:
            return None
        rows.blobs[entry.digest] = entry.raw
        if existing is None:
            rows.messages.append(message_row(entry, number, now))
        elif existing.raw_digest is None:
            existing.raw_digest, existing.outgoing = entry.digest, True
            existing.date = existing.date or now
        if existing is None or existing.message_id != entry.message_id:
            rows.identifiers.append(
                {"value": identifier_key(entry.message_id), "message_id": number, "origin": IdentifierOrigin.OWN}
            )
        if existing is None:
            return None
        existing.message_id = existing.message_id or entry.message_id
        return entry.digest if existing.raw_digest != entry.digest else None

    def _delivery(
        self,
        session: Session,
        entry: Written,
        message: int,
        number: int,
        judged: Judged,
        own_digest: str | None,
        now: datetime,
    ) -> dict[str, Any]:
        draft, account, recipient = entry.draft, entry.choice.account, judged.recipient
        head, envelope_from = b"", ""
        if not judged.denial:
            added = self.hooks.prepare_message(draft, recipient, number, session)
            token = sign(BOUNCE, number_payload(number), self.keyring("bounce"))
            head = own_lines(draft, recipient, token, added, entry.shared).raw
            envelope_from = self._return_path(session, entry, recipient, number)
        return {
            "id": number,
            "message_id": message,
            "address": wire_address(recipient.address),
            "key": judged.key,
            "contact_id": recipient.contact_id,
            "account_id": account.id if account else None,
            "purpose": draft.purpose.value,
            "topic": draft.topic,
            "priority": draft.priority,
            "state": DeliveryState.REJECTED if judged.denial else DeliveryState.QUEUED,
            "due": draft.due or now,
            "envelope_from": envelope_from,
            "head": head,
            "raw_digest": own_digest,
            "explanation": judged.denial or _explained(entry.choice),
            "created_at": now,
            "settled_at": now if judged.denial else None,
        }

    def _return_path(self, session: Session, entry: Written, recipient: Recipient, number: int) -> str:
        draft, account = entry.draft, entry.choice.account
        if draft.envelope_sender is not None:
            return draft.envelope_sender
        if draft.purpose is Purpose.AUTOMATIC:
            return ""  # RFC 3834 §3.3: nobody answers an answer
        if account is not None:
            asked = self.hooks.return_path(draft, recipient, number, account.id, session)
            if asked is not None:
                return asked
            if account.envelope_sender:
                return account.envelope_sender
        return wire_address(entry.sender)


def _existing(session: Session, draft: Draft) -> Message | None:
    if draft.message_row is None:
        return None
    found = session.get(Message, draft.message_row)
    if found is None:
        raise NotFound(f"There is no message {draft.message_row}.")
    return found


def _default_from(account: OutgoingAccount | None) -> Address | None:
    found = parse_addresses(account.default_from) if account else []
    return found[0] if found and found[0].domain else None


def _explained(choice: Choice) -> str:
    return f"account {choice.account.name}: {choice.reason}" if choice.account else choice.reason


def _repeated(
    session: Session, draft: Draft, known: dict[str, int], queued: dict[int, Queued], first_with_key: dict[str, int]
) -> Queued:
    key = draft.idempotency_key
    number = known[key] if key in known else queued[first_with_key[key]].message_id
    return Queued(message_id=number, deliveries=list(deliveries_of(session, number).values()), repeated=True)
