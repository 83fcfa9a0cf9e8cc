"""What ties a message to its conversation: message ids of ours, reference lists, loop tags, the faces of sender and reply address.

Our ids are `<random.time.thread.signature@domain>` (RFC 5322 §3.6.4): random and time make them unique, the thread word makes a
log readable, the signature tells them from forged ones. All is lower case without anything that needs quoting. The thread in an id is
never trusted without its signature. Where one message goes out in as many mails as it has recipients, each mail has an id of its own
made of the message's: the word names the delivery, and nothing has to be stored to find it again.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import Enum

from mailloom.errors import ConfigurationError
from mailloom.mail.address import Address
from mailloom.mail.compose_checks import without_controls
from mailloom.mail.compose_mailbox import mailbox, wire_domain
from mailloom.mail.token import MESSAGE_ID, Keyring, signature, signature_holds

_LEAST_RANDOM_OCTETS = 8
_MOST_REFERENCES = 32
_MOST_ANCESTORS = 3
_LONGEST_REPLY_TO = 68
_LONGEST_ID = 900

# No thread may be called so; an id with such a word belongs to an automatic answer, or to one delivery of a message.
_LOOP_WORD = "automatic-answer"
_DELIVERY_WORD = re.compile(r"delivery-([1-9][0-9]{0,17})")
_THREAD_WORD = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")
_OURS = re.compile(
    r"<([a-z2-7]{13,64})\.([0-9a-f]{1,12})\.([a-z0-9][a-z0-9_-]{0,63})\.([a-z2-9]{1,8}0[a-z2-7]{13,60})@([^<>@\s]{1,255})>"
)
_LAST_SECOND = 253402300799  # 9999-12-31T23:59:59Z, the last that datetime knows
_WRITABLE_ID = re.compile(r"<[!-;=?-~]{1,900}>")


class IdOrigin(Enum):
    OURS = "ours"
    FORGED = "forged"
    FOREIGN = "foreign"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadMessageId:
    """What a message id says. All but `origin` is only set when it is ours; `thread` and `delivery` exclude each other."""

    origin: IdOrigin
    thread: str = ""
    delivery: int | None = None
    sent_at: datetime | None = None
    domain: str = ""


_FOREIGN = ReadMessageId(origin=IdOrigin.FOREIGN)
_FORGED = ReadMessageId(origin=IdOrigin.FORGED)


def new_message_id(thread: str, domain: str, keyring: Keyring, *, random: bytes, now: datetime) -> str:
    """A signed id with angle brackets. `thread`: 1 to 64 of a-z, 0-9, - and _; `random`: at least 8 octets; `now` is aware."""
    if not _THREAD_WORD.fullmatch(thread) or thread == _LOOP_WORD or _DELIVERY_WORD.fullmatch(thread):
        raise ConfigurationError(
            f"{thread[:80]!r} cannot name a thread in a message id", remedy="Use a-z, 0-9, - and _."
        )
    return _message_id(thread, domain, keyring, random, now)


def delivery_message_id(message_id: str, delivery: int, keyring: Keyring) -> str:
    """The Message-ID of one delivery's mail, made of its message's id, which must be ours: the same each time that it is asked for.

    Signed by the key that signed the message's id as long as it is in the ring, so that a second try after a rotation says the same.
    """
    found = _OURS.fullmatch(message_id)
    if not found:
        raise ConfigurationError(f"{message_id[:80]!r} is no message id of ours, so no mail can have one made of it")
    random, seconds, _, written, domain = found.groups()
    key_id = re.split("[01]", written, maxsplit=1)[0]
    ring = replace(keyring, current=key_id) if key_id in keyring.secrets else keyring
    return _signed_id(random, seconds, f"delivery-{delivery}", domain, ring)


def new_loop_tag(domain: str, keyring: Keyring, *, random: bytes, now: datetime) -> str:
    """The Message-ID of an automatic answer; it goes into its References too, since some providers replace the Message-ID."""
    return _message_id(_LOOP_WORD, domain, keyring, random, now)


def read_message_id(message_id: str, keyring: Keyring) -> ReadMessageId:
    """Tell our own ids from forged and foreign ones. White space and case that relays changed do not matter."""
    found = _OURS.fullmatch(_compact(message_id).lower()) if len(message_id) <= _LONGEST_ID else None
    if not found:
        return _FOREIGN
    random, seconds, thread, written, domain = found.groups()
    if not signature_holds(MESSAGE_ID, _signed(random, seconds, thread, domain), written, keyring):
        return _FORGED
    if int(seconds, 16) > _LAST_SECOND:
        return _FORGED
    delivery = _DELIVERY_WORD.fullmatch(thread)
    return ReadMessageId(
        origin=IdOrigin.OURS,
        thread="" if delivery else thread,
        delivery=int(delivery[1]) if delivery else None,
        sent_at=datetime.fromtimestamp(int(seconds, 16), UTC),
        domain=domain,
    )


def has_loop_tag(message_ids: Iterable[str], domains: Collection[str]) -> bool:
    """Whether one of the ids (of Message-ID, References, In-Reply-To) is that of an automatic answer from one of `domains`.

    The signature is not asked: a loop must stop even after the key was lost, and who forges the tag silences only himself.
    """
    ours = {domain.lower() for domain in domains} | {wire_domain(domain).lower() for domain in domains}
    for message_id in message_ids:
        if _LOOP_WORD in message_id.lower() and len(message_id) <= _LONGEST_ID:
            found = _OURS.fullmatch(_compact(message_id).lower())
            if found and found[3] == _LOOP_WORD and found[5] in ours:
                return True
    return False


def reference_ids(references: Sequence[str], in_reply_to: Sequence[str]) -> tuple[str, ...]:
    """The ids by which the parent is sought: the last 32 of References, then those of In-Reply-To; each once, white space out."""
    wanted = [*references[-_MOST_REFERENCES:], *in_reply_to[-_MOST_REFERENCES:]]
    return tuple(dict.fromkeys(cleaned for cleaned in map(_compact, wanted) if cleaned not in ("", "<>")))


def references_for(ancestors: Sequence[str], own: str) -> tuple[str, ...]:
    """The References of a message of ours: up to three ancestors (oldest first) and its own id.

    Its own id is there because providers that replace the Message-ID leave References alone, and answers bring them back.
    An ancestor's id that no header can carry is left out.
    """
    kept = [ancestor for ancestor in ancestors if ancestor != own and _WRITABLE_ID.fullmatch(ancestor)]
    return (*kept[-_MOST_ANCESTORS:], own)


def reply_to_value(name: str, address: Address) -> Address:
    """`address` under `name`, or bare when the written value would pass 68 characters.

    Some servers fold longer ones in the middle of the address, and answers then go nowhere.
    """
    named = replace(address, name=name)
    return named if len(mailbox(named)) <= _LONGEST_REPLY_TO else replace(address, name="")


def sender_via(author: Address, through: str, sender: Address) -> Address:
    """`"Ann via Helpdesk" <notifications@…>`: the author's name on an address that the sending server may use.

    An author without name is shown by his local part; his address never is, since filters take it for a disguise.
    """
    shown = without_controls(author.name) or without_controls(author.localpart)
    return replace(sender, name=f"{shown} via {through}" if through else shown)


def _message_id(thread: str, domain: str, keyring: Keyring, random: bytes, now: datetime) -> str:
    if len(random) < _LEAST_RANDOM_OCTETS:
        raise ConfigurationError(f"a message id needs at least {_LEAST_RANDOM_OCTETS} random octets")
    word = base64.b32encode(random).decode("ascii").rstrip("=").lower()
    seconds = f"{int(now.timestamp()):x}"
    return _signed_id(word, seconds, thread, wire_domain(domain).lower(), keyring)


def _signed_id(random: str, seconds: str, thread: str, domain: str, keyring: Keyring) -> str:
    written = signature(MESSAGE_ID, _signed(random, seconds, thread, domain), keyring)
    return f"<{random}.{seconds}.{thread}.{written}@{domain}>"


def _signed(random: str, seconds: str, thread: str, domain: str) -> bytes:
    return f"{random}.{seconds}.{thread}@{domain}".encode("utf-8", "replace")


def _compact(message_id: str) -> str:
    return "".join(message_id.split())
