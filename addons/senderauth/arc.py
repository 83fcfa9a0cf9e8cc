"""What a trusted forwarder found before its forwarding broke the proofs (ARC, RFC 8617).

Read only where every seal of the chain is by a configured forwarder, and the chain holds; nothing is ever sealed here.
"""

from __future__ import annotations

from collections.abc import Collection

import dkim

from mailloom.api.dns import DnsFailure, RecordType, Resolver
from mailloom.mail.authres import proves_sender
from mailloom.mail.dkim_canonical import split_fields, with_crlf
from mailloom.mail.message import parse

from .dkim_tags import BadTags, read_tags

_MOST_SEALS = 10


def forwarder_vouches(raw: bytes, author: str, forwarders: Collection[str], resolver: Resolver) -> str:
    """What proves From by the word of the first forwarder of a chain, '' when nothing does. Never raises."""
    raw = with_crlf(raw)
    fields, _ = split_fields(raw)
    seals = fields.get("arc-seal", [])
    if not seals or len(seals) > _MOST_SEALS or not _all_by(seals, forwarders):
        return ""
    if not _chain_holds(raw, resolver):
        return ""
    for field in fields.get("arc-authentication-results", ()):
        instance, _, results = _value(field).partition(";")
        if "".join(instance.split()).lower() == "i=1":
            return _proof(results.strip(), author)
    return ""


def _all_by(seals: Collection[bytes], forwarders: Collection[str]) -> bool:
    try:
        return all(read_tags(_value(seal)).get("d", "").lower().rstrip(".") in forwarders for seal in seals)
    except BadTags:
        return False


def _chain_holds(raw: bytes, resolver: Resolver) -> bool:
    def text_of(name: bytes, timeout: int = 5) -> bytes | None:
        records = resolver.ask(name.decode("ascii").rstrip("."), RecordType.TXT).records
        return records[0].encode("latin-1") if records else None

    try:
        verdict, _, _ = dkim.arc_verify(raw, dnsfunc=text_of)
    except DnsFailure:
        return False
    except Exception:  # a stranger's fields made the library stumble: that proves nothing
        return False
    return bool(verdict == dkim.CV_Pass)


def _proof(results: str, author: str) -> str:
    authserv_id = results.partition(";")[0].split()[:1]
    if not authserv_id:
        return ""
    quoted = f"Authentication-Results: {results}\r\nFrom: <author@{author}>\r\n\r\n".encode()
    proof = proves_sender(parse(quoted), authserv_id)
    return proof.why if proof is not None and proof.genuine else ""


def _value(field: bytes) -> str:
    return " ".join(field.partition(b":")[2].decode("utf-8", "replace").split())
