"""The stored bytes of claimed deliveries: read in bulk while they are small, one by one when they are big.

However many deliveries are claimed, about 32 MB of messages are in memory at a time, plus one big one per connection.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from sqlalchemy.orm import Session

from mailloom.api.sending import Parcel
from mailloom.store.blobs import read_blob
from mailloom.store.carrying import contents_of_blobs, raw_of_messages, sizes_of_blobs
from mailloom.store.claim import Claimed
from mailloom.store.database import Database

_SMALL_BYTES = 256 * 1024
_LOADED_BYTES = 32 * 1024 * 1024
_CHUNK = 250


class Letter:
    """A stored message. Shared by all deliveries that carry it."""

    __slots__ = ("content", "has_utf8_headers")

    def __init__(self, content: bytes) -> None:
        self.content = content
        self.has_utf8_headers = not content.isascii() and not _headers(content).isascii()
        """RFC 6532 header lines, which need SMTPUTF8."""


def _headers(content: bytes) -> bytes:
    end = content.find(b"\r\n\r\n")
    return content[: end if end >= 0 else None]


class Consignment(NamedTuple):
    """A claimed delivery with the bytes it carries. `letter` None: too big to hold, read when it is sent; `digest` '': there is nothing to send.

    `prefix` stands between the delivery's own header lines and the letter.
    """

    claimed: Claimed
    digest: str
    letter: Letter | None
    prefix: bytes = b""


def consignments(session: Session, claimed: Sequence[Claimed]) -> list[Consignment]:
    """Find the bytes of each delivery, in order."""
    shared = raw_of_messages(session, sorted({entry.message_id for entry in claimed if entry.raw_digest is None}))
    nothing = ("", 0)
    digests = [entry.raw_digest or shared.get(entry.message_id, nothing)[0] for entry in claimed]
    sizes = dict(shared.values())
    sizes.update(sizes_of_blobs(session, sorted({entry.raw_digest for entry in claimed if entry.raw_digest})))
    loaded = _load(session, dict.fromkeys(filter(None, digests)), sizes)
    return [Consignment(entry, digest, loaded.get(digest)) for entry, digest in zip(claimed, digests, strict=True)]


def parcel_of(consignment: Consignment, database: Database) -> Parcel:
    """The parcel as it stands, unsigned. NotFound when its bytes are gone."""
    letter = consignment.letter
    if letter is None:
        with database.read() as session:
            letter = Letter(read_blob(session, consignment.digest))
    claimed = consignment.claimed
    head = (claimed.head or b"") + consignment.prefix
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


def _load(session: Session, wanted: Iterable[str], sizes: Mapping[str, int]) -> dict[str, Letter]:
    room, small = _LOADED_BYTES, []
    for digest in wanted:
        size = sizes.get(digest, _SMALL_BYTES + 1)
        if size <= _SMALL_BYTES and size <= room:
            room -= size
            small.append(digest)
    loaded: dict[str, Letter] = {}
    for start in range(0, len(small), _CHUNK):
        contents = contents_of_blobs(session, small[start : start + _CHUNK])
        loaded.update((digest, Letter(content)) for digest, content in contents.items())
    return loaded
