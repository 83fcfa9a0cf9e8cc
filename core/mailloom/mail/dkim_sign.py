"""Signing mail with DKIM (RFC 6376, RFC 8301, RFC 8463).

relaxed/relaxed, SHA-256, the whole body (never l=). From and Subject are signed once more often than they stand there, so that a second one
added later breaks the signature (RFC 6376 §8.15). What carriers add or take away (Return-Path, Received, Bcc) is never signed; both
List-Unsubscribe fields are (RFC 8058 §4). With several keys each makes a signature of its own over the same fields.
"""

from __future__ import annotations

import base64
from collections.abc import Collection, Sequence
from datetime import datetime

from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA256

from mailloom.errors import MalformedMessage
from mailloom.mail.dkim_canonical import (
    FieldsByName,
    body_hash,
    relaxed_body,
    relaxed_data,
    relaxed_field,
    signed_fields,
    split_fields,
)
from mailloom.mail.dkim_keys import SigningKey

OVERSIGNED = ("from", "subject")
_SIGNED_NAMES = (
    "from sender reply-to to cc subject date message-id in-reply-to references mime-version content-type "
    "content-transfer-encoding content-id auto-submitted list-id list-help list-subscribe list-owner list-archive list-post "
    "list-unsubscribe list-unsubscribe-post feedback-id"
)
SIGNED = tuple(_SIGNED_NAMES.split())

_PADDING = PKCS1v15()
_SHA256 = SHA256()
_LINE = 72


def sign(message: bytes, keys: Sequence[SigningKey], *, at: datetime, rewritten: Collection[str] = ()) -> bytes:
    """One DKIM-Signature field per key, CRLF-ended, to stand before the message. `message` must have CRLF line ends.

    `rewritten`: fields (lower case) that the next server will change and that are left out therefore. MalformedMessage when there is no From:
    nothing would be proved.
    """
    fields, body = split_fields(message)
    if "from" not in fields:
        raise MalformedMessage("A mail without From cannot be signed.", remedy="Give the mail a sender.")
    names = [name for name in signed_names(fields) if name not in rewritten]
    digest = base64.b64encode(body_hash(relaxed_body(body))).decode()
    # Each signature's data differ only in the signature's own field.
    before = b"".join(relaxed_field(field) + b"\r\n" for field in signed_fields(fields, names))
    folded = _folded_names(names)
    return b"".join(_signature(key, before, folded, digest, at) for key in keys)


def signed_names(fields: FieldsByName) -> list[str]:
    """The h= list for these fields."""
    names = []
    for name in SIGNED:
        names += [name] * (len(fields.get(name, ())) + (name in OVERSIGNED))
    return names


def _signature(key: SigningKey, before: bytes, folded_names: str, digest: str, at: datetime) -> bytes:
    unsigned = (
        f"DKIM-Signature: v=1; a={key.kind}-sha256; c=relaxed/relaxed; d={key.domain};\r\n"
        f"\ts={key.selector}; t={int(at.timestamp())};\r\n"
        f"\th={folded_names};\r\n\tbh={digest};\r\n\tb="
    ).encode()
    octets = _signed(key, before + relaxed_data((), unsigned))
    text = base64.b64encode(octets).decode()
    lines = [text[start : start + _LINE] for start in range(0, len(text), _LINE)]
    return unsigned + "\r\n\t".join(lines).encode() + b"\r\n"


def _signed(key: SigningKey, message: bytes) -> bytes:
    if isinstance(key.private, RSAPrivateKey):
        return key.private.sign(message, _PADDING, _SHA256)
    # RFC 8463 §3: what Ed25519 signs is the SHA-256 digest.
    return key.private.sign(body_hash(message))


def _folded_names(names: Sequence[str]) -> str:
    lines = [""]
    for name in names:
        if len(lines[-1]) + len(name) > _LINE:
            lines.append("")
        lines[-1] += f"{name}:"
    return "\r\n\t".join(lines).removesuffix(":")
