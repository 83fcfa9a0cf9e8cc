"""The bytes that a DKIM signature is made over (RFC 6376 §3.4, §3.7), for signers and verifiers alike.

All functions expect CRLF line ends (`with_crlf` makes them) and take linear time.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence

_BLANKS = re.compile(rb"[ \t]+")
_FOLDS = re.compile(rb"[ \t\r\n]+")
_FIELD_START = re.compile(rb"\r\n(?![ \t])")
_LONE = re.compile(rb"(?<!\r)\n|\r(?!\n)")

FieldsByName = Mapping[str, Sequence[bytes]]
"""Fields as they stand (name, colon, value, folds; without the last CRLF) under their name in lower case, from the top down."""


def with_crlf(raw: bytes) -> bytes:
    """A message whose every line ends with CRLF; the same object where that is so already."""
    return _LONE.sub(b"\r\n", raw)


def split_fields(raw: bytes) -> tuple[dict[str, list[bytes]], bytes]:
    """The header fields and the body. A line that is no field ends up under its own odd name and is never signed."""
    head, _, body = (b"", b"", raw[2:]) if raw.startswith(b"\r\n") else raw.partition(b"\r\n\r\n")
    fields: dict[str, list[bytes]] = {}
    for field in _FIELD_START.split(head.removesuffix(b"\r\n")):
        name, colon, _ = field.partition(b":")
        if colon:
            fields.setdefault(name.rstrip(b" \t").decode("latin-1").lower(), []).append(field)
    return fields, body


def relaxed_field(field: bytes) -> bytes:
    """§3.4.2: name in lower case, folds and runs of blanks as one space; without CRLF."""
    name, _, value = field.partition(b":")
    return name.rstrip(b" \t").lower() + b":" + _FOLDS.sub(b" ", value).strip(b" ")


def relaxed_body(body: bytes) -> bytes:
    """§3.4.4: runs of blanks as one space, none at the end of a line, no empty lines at the end."""
    if b"  " in body or b"\t" in body:
        body = _BLANKS.sub(b" ", body)
    if b" \r\n" in body:
        body = body.replace(b" \r\n", b"\r\n")
    end = _end_of_text(body.removesuffix(b" "))
    return body[:end] + b"\r\n" if end else b""


def simple_body(body: bytes) -> bytes:
    """§3.4.3: as it is, empty lines at the end taken for one line end."""
    return body[: _end_of_text(body)] + b"\r\n"


def body_hash(canonical: bytes) -> bytes:
    return hashlib.sha256(canonical).digest()


def signed_fields(fields: FieldsByName, names: Sequence[str]) -> list[bytes]:
    """The fields that h= names (lower case), in its order: each further mention means the next one upwards, '' once there is none (§5.4.2)."""
    left = {name: list(fields.get(name, ())) for name in set(names)}
    return [left[name].pop() for name in names if left[name]]


def relaxed_data(fields: Sequence[bytes], signature: bytes) -> bytes:
    """What is signed under c=relaxed: the fields, then the signature's own with an empty b= and no CRLF."""
    return b"".join(relaxed_field(field) + b"\r\n" for field in fields) + relaxed_field(signature)


def simple_data(fields: Sequence[bytes], signature: bytes) -> bytes:
    """What is signed under c=simple."""
    return b"".join(field + b"\r\n" for field in fields) + signature


def _end_of_text(body: bytes) -> int:
    end = len(body)
    while body[end - 2 : end] == b"\r\n":
        end -= 2
    return end
