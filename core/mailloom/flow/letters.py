"""The stored bytes of claimed deliveries: read in bulk while they are small, one by one when they are big.

However many deliveries are claimed, about 32 MB of messages are in memory at a time, plus one big one per connection.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from sqlalchemy import select
from sqlalchemy.orm import Session

from mailloom.api.sending import Parcel
from mailloom.store.blobs import Blob, read_blob
from mailloom.store.claim import Claimed
from mailloom.store.database import Database
from mailloom.store.messages import Message

_SMALL_BYTES = 256 * 1024
_LOADED_BYTES = 32 * 1024 * 1024
_CHUNK = 500


@dataclass(frozen=True)
class Letter:
    """A stored message. Shared by all deliveries that carry it."""

    content: bytes

    @cached_property
    def has_utf8_headers(self) -> bool:
        """RFC 6532 header lines, which need SMTPUTF8."""
        end = self.content.find(b"\r\n\r\n")
        return not self.content[: end if end >= 0 else None].isascii()


@dataclass(frozen=True, slots=True)
class Consignment:
    """A claimed delivery with the bytes it carries. `letter` None: too big to hold, read when it is sent; `digest` '': there is nothing to send."""

    claimed: Claimed
    digest: str
    letter: Letter | None


def consignments(session: Session, claimed: Sequence[Claimed]) -> list[Consignment]:
    """Find the bytes of each delivery, in order."""
    own = {entry.message_id for entry in claimed if entry.raw_digest is None}
    shared = _digests(session, sorted(own))
    digests = [entry.raw_digest or shared.get(entry.message_id) or "" for entry in claimed]
    loaded = _load(session, dict.fromkeys(filter(None, digests)))
    return [Consignment(entry, digest, loaded.get(digest)) for entry, digest in zip(claimed, digests, strict=True)]


def parcel_of(consignment: Consignment, database: Database) -> Parcel:
    """The parcel as it stands, unsigned. NotFound when its bytes are gone."""
    letter = consignment.letter
    if letter is None:
        with database.read() as session:
            letter = Letter(read_blob(session, consignment.digest))
    claimed = consignment.claimed
    head = claimed.head or b""
    ascii_only = claimed.address.isascii() and claimed.envelope_from.isascii() and head.isascii()
    return Parcel(
        key=claimed.id,
        sender=claimed.envelope_from,
        recipients=(claimed.address,),
        head=head,
        body=letter.content,
        needs_smtputf8=not ascii_only or letter.has_utf8_headers,
        envelope_id=str(claimed.id),
    )


def _digests(session: Session, messages: Sequence[int]) -> dict[int, str | None]:
    found: dict[int, str | None] = {}
    for start in range(0, len(messages), _CHUNK):
        chosen = select(Message.id, Message.raw_digest).where(Message.id.in_(messages[start : start + _CHUNK]))
        found.update(session.execute(chosen).all())
    return found


def _load(session: Session, digests: dict[str, None]) -> dict[str, Letter]:
    wanted = list(digests)
    sizes: dict[str, int] = {}
    for start in range(0, len(wanted), _CHUNK):
        chosen = select(Blob.digest, Blob.size).where(Blob.digest.in_(wanted[start : start + _CHUNK]))
        sizes.update(session.execute(chosen).all())
    room, small = _LOADED_BYTES, []
    for digest in wanted:
        size = sizes.get(digest, _SMALL_BYTES + 1)
        if size <= _SMALL_BYTES and size <= room:
            room -= size
            small.append(digest)
    loaded: dict[str, Letter] = {}
    for start in range(0, len(small), _CHUNK):
        read = select(Blob.digest, Blob.content).where(Blob.digest.in_(small[start : start + _CHUNK]))
        loaded.update((digest, Letter(content)) for digest, content in session.execute(read))
    return loaded
