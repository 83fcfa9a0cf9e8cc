"""The bytes that claimed deliveries carry, read many at a time and in few rows.

SQLite's driver gives up the interpreter for every row it steps to, and has to wait for it again behind the threads that talk to servers. So what
belongs together comes as one row: lists as JSON text, contents end to end.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

from sqlalchemy import text
from sqlalchemy.orm import Session

_IDS = {
    "sqlite": "SELECT value FROM json_each(:ids)",
    "postgresql": "SELECT CAST(value AS bigint) FROM json_array_elements_text(CAST(:ids AS json))",
}
_DIGESTS = {
    "sqlite": "SELECT value FROM json_each(:digests)",
    "postgresql": "SELECT value FROM json_array_elements_text(CAST(:digests AS json))",
}
_OF_MESSAGES = """
    SELECT {list}(message.id, blob.digest, blob.size){end}
    FROM message JOIN blob ON blob.digest = message.raw_digest WHERE message.id IN ({ids})
"""
_OF_BLOBS = "SELECT {list}(digest, size){end} FROM blob WHERE digest IN ({digests})"
_LISTS = {
    "sqlite": ("json_group_array(json_array", ")"),
    "postgresql": ("CAST(json_agg(json_build_array", ") AS text)"),
}
_SHARED = {
    name: text(_OF_MESSAGES.format(list=start, end=end, ids=_IDS[name])) for name, (start, end) in _LISTS.items()
}
_SIZES = {
    name: text(_OF_BLOBS.format(list=start, end=end, digests=_DIGESTS[name])) for name, (start, end) in _LISTS.items()
}
_CONTENTS = text(f"SELECT digest, content FROM blob WHERE digest IN ({_DIGESTS['postgresql']})")  # noqa: S608 - constants
# group_concat takes bytes as they are when they are called text; both aggregates see the rows in the same order.
_JOINED = text(
    "SELECT json_group_array(json_array(digest, length(content))), CAST(group_concat(CAST(content AS TEXT), '') AS BLOB)"
    # In this order of the tables: a list that is looked up, not one that is sorted first, takes half the time.
    " FROM json_each(:digests) AS wanted CROSS JOIN blob ON blob.digest = wanted.value"
)


def raw_of_messages(session: Session, messages: Sequence[int]) -> dict[int, tuple[str, int]]:
    """Digest and size of each message's bytes; those without any are left out."""
    if not messages:
        return {}
    found = session.execute(_SHARED[session.get_bind().dialect.name], {"ids": json.dumps(messages)}).scalar()
    return {number: (digest, size) for number, digest, size in json.loads(found or "[]")}


def sizes_of_blobs(session: Session, digests: Sequence[str]) -> dict[str, int]:
    """The size of each blob that is stored."""
    if not digests:
        return {}
    found = session.execute(_SIZES[session.get_bind().dialect.name], {"digests": json.dumps(digests)}).scalar()
    return dict(json.loads(found or "[]"))


def contents_of_blobs(session: Session, digests: Sequence[str]) -> dict[str, bytes]:
    """The bytes of each blob that is stored; all of them are in memory at once, twice for a moment."""
    if not digests:
        return {}
    wanted = {"digests": json.dumps(digests)}
    if session.get_bind().dialect.name != "sqlite":
        return {digest: bytes(content) for digest, content in session.execute(_CONTENTS, wanted)}
    listed, joined = session.execute(_JOINED, wanted).one()
    return _taken_apart(json.loads(listed), joined or b"")


def _taken_apart(lengths: Sequence[tuple[str, int]], joined: bytes) -> dict[str, bytes]:
    contents: dict[str, bytes] = {}
    start = 0
    for digest, length in lengths:
        contents[digest] = joined[start : start + length]
        start += length
    if start != len(joined):
        raise ValueError(f"contents of {start} bytes came as {len(joined)}")
    return contents
