"""Whether a mail's DKIM signatures hold (RFC 6376 §6, RFC 8301, RFC 8463).

Stricter than the formula alone, because From is what people see: a once-only field that stands there more often than it was signed makes the
signature worthless (added after signing, §8.15); so does l= that leaves a part of the body unsigned (§8.2), a key under test (t=y), an
identity below a key that forbids it (t=s), a key for SHA-1 only or for other uses than mail.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256

from mailloom.api.dns import DnsFailure, RecordType, Resolver
from mailloom.mail.dkim_canonical import (
    body_hash,
    relaxed_body,
    relaxed_data,
    signed_fields,
    simple_body,
    simple_data,
    split_fields,
    with_crlf,
)
from mailloom.mail.dkim_keys import record_name

from .dkim_tags import BadTags, KeyRevoked, PublishedKey, read_key, read_octets, read_tags
from .results import Result

MOST_SIGNATURES = 10
"""Further ones are not looked at: each costs a question to the DNS."""
_REQUIRED = ("v", "a", "b", "bh", "d", "h", "s")
_ALGORITHMS = {"rsa-sha256": "rsa", "ed25519-sha256": "ed25519"}
_ONCE_NAMES = (
    "from sender reply-to to cc date subject message-id in-reply-to references mime-version content-type "
    "content-transfer-encoding list-unsubscribe list-unsubscribe-post"
)
# RFC 5322 §3.6: at most once each; and those that decide how the body is shown.
_ONCE = frozenset(_ONCE_NAMES.split())
# The value of b= in the field as it stands; the tag begins the field or follows a semicolon.
_SIGNATURE_VALUE = re.compile(rb"((?:^[^:]*:|;)[ \t\r\n]*b[ \t\r\n]*=)[^;]*")
_DOMAIN = re.compile(r"(?=.{1,253}\Z)(?:[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?\.)+[A-Za-z0-9-]{1,63}\Z")
_SELECTOR = re.compile(r"(?=.{1,200}\Z)[A-Za-z0-9_](?:[A-Za-z0-9_.-]*[A-Za-z0-9_])?\Z")
_SKEW_SECONDS = 3600
"""How far a signer's clock may be ahead of ours."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """One signature and what came of it. `domain` and `selector` are '' when they cannot be read."""

    result: Result
    why: str
    domain: str = ""
    selector: str = ""
    algorithm: str = ""


class _Broken(Exception):
    def __init__(self, result: Result, why: str) -> None:
        super().__init__(why)
        self.result = result


@dataclass(frozen=True, slots=True, kw_only=True)
class _Claims:
    """What a signature says of itself, well-formed."""

    domain: str
    selector: str
    identity: str
    algorithm: str
    names: list[str]
    relaxed_header: bool
    relaxed_body: bool
    body_hash: bytes
    octets: bytes
    length: int | None


def verify(raw: bytes, resolver: Resolver, *, now: datetime, believe_testing: bool = False) -> list[Signature]:
    """Every signature from the top down, at most ten; [] when the mail has none. Never raises.

    `believe_testing`: let signatures of keys under test (t=y) count.
    """
    fields, body = split_fields(with_crlf(raw))
    found = []
    for field in fields.get("dkim-signature", ())[:MOST_SIGNATURES]:
        others = {**fields, "dkim-signature": [each for each in fields["dkim-signature"] if each is not field]}
        found.append(_verify(field, others, body, resolver, now, believe_testing))
    return found


def _verify(
    field: bytes,
    fields: Mapping[str, list[bytes]],
    body: bytes,
    resolver: Resolver,
    now: datetime,
    believe_testing: bool,
) -> Signature:
    tags: dict[str, str] = {}
    try:
        tags = read_tags(field.partition(b":")[2].decode("utf-8", "replace"))
        claims = _claims(tags, now)
        _check_coverage(claims, fields)
        _check_body(claims, body)
        key = _key(claims, resolver)
        _check_key(claims, key)
        _check_signature(claims, key, field, fields)
        if key.testing and not believe_testing:
            raise _Broken(Result.POLICY, "it holds, but its key is under test (t=y)")
        result, why = Result.PASS, f"signature of {claims.domain}"
    except BadTags as error:
        result, why = Result.PERMERROR, str(error)
    except _Broken as error:
        result, why = error.result, str(error)
    return Signature(
        result=result,
        why=why,
        domain=tags.get("d", "").lower().rstrip("."),
        selector=tags.get("s", ""),
        algorithm=tags.get("a", ""),
    )


def _claims(tags: Mapping[str, str], now: datetime) -> _Claims:
    missing = [name for name in _REQUIRED if not tags.get(name)]
    if missing:
        raise BadTags(f"the tag {missing[0]} is missing")
    if tags["v"] != "1":
        raise BadTags(f"version {tags['v'][:10]} is unknown")
    if tags["a"].lower() not in _ALGORITHMS:
        result = Result.POLICY if tags["a"].lower() == "rsa-sha1" else Result.PERMERROR
        raise _Broken(result, f"the algorithm {tags['a'][:20]} is not accepted")
    domain = tags["d"].lower().rstrip(".")
    if not _DOMAIN.match(domain) or not _SELECTOR.match(tags["s"]):
        raise BadTags("d= or s= is no name of the DNS")
    identity = tags.get("i", f"@{domain}").rpartition("@")[2].lower().rstrip(".")
    if identity != domain and not identity.endswith(f".{domain}"):
        raise BadTags("i= lies outside d=")
    names = [name.strip(" \t\r\n").lower() for name in tags["h"].split(":")]
    if "from" not in names:
        raise BadTags("From is not signed")
    if "dns/txt" not in [method.strip() for method in tags.get("q", "dns/txt").split(":")]:
        raise BadTags("its key is not in the DNS")
    _check_times(tags, now)
    header, _, body = tags.get("c", "simple/simple").lower().partition("/")
    body = body or "simple"
    if {header, body} - {"simple", "relaxed"}:
        raise BadTags(f"the canonical form {tags['c'][:20]} is unknown")
    return _Claims(
        domain=domain,
        selector=tags["s"],
        identity=identity,
        algorithm=tags["a"].lower(),
        names=names,
        relaxed_header=header == "relaxed",
        relaxed_body=body == "relaxed",
        body_hash=read_octets(tags["bh"]),
        octets=read_octets(tags["b"]),
        length=_number(tags, "l"),
    )


def _check_times(tags: Mapping[str, str], now: datetime) -> None:
    made, expires = _number(tags, "t"), _number(tags, "x")
    if made is not None and expires is not None and expires < made:
        raise BadTags("it expires before it was made")
    if expires is not None and now.timestamp() > expires:
        raise _Broken(Result.FAIL, "it has expired (x=)")
    if made is not None and made > now.timestamp() + _SKEW_SECONDS:
        raise _Broken(Result.FAIL, "it was made in the future (t=)")


def _number(tags: Mapping[str, str], name: str) -> int | None:
    if name not in tags:
        return None
    if not tags[name].isascii() or not tags[name].isdigit() or len(tags[name]) > 76:
        raise BadTags(f"{name}= is no number")
    return int(tags[name])


def _check_coverage(claims: _Claims, fields: Mapping[str, list[bytes]]) -> None:
    for name in _ONCE & set(claims.names):
        there = len(fields.get(name, ()))
        if there > 1 and there > claims.names.count(name):
            raise _Broken(Result.POLICY, f"a further {name.title()} was added after signing")


def _check_body(claims: _Claims, body: bytes) -> None:
    canonical = relaxed_body(body) if claims.relaxed_body else simple_body(body)
    signed = canonical if claims.length is None else canonical[: claims.length]
    if claims.length is not None and claims.length > len(canonical):
        raise BadTags("l= is longer than the body")
    if not hmac.compare_digest(body_hash(signed), claims.body_hash):
        raise _Broken(Result.FAIL, "the body was changed")
    if len(signed) < len(canonical):
        raise _Broken(Result.POLICY, "only the beginning of the body is signed (l=)")


def _key(claims: _Claims, resolver: Resolver) -> PublishedKey:
    name = record_name(claims.domain, claims.selector)
    try:
        records = resolver.ask(name, RecordType.TXT).records
    except DnsFailure as error:
        raise _Broken(Result.TEMPERROR, str(error)) from error
    if not records:
        raise _Broken(Result.PERMERROR, f"there is no key at {name}")
    fault: BadTags | None = None
    for record in records[:4]:
        try:
            return read_key(record)
        except KeyRevoked as error:
            raise _Broken(Result.PERMERROR, str(error)) from error
        except BadTags as error:
            fault = fault or error
    raise _Broken(Result.PERMERROR, f"the key at {name} is broken: {fault}")


def _check_key(claims: _Claims, key: PublishedKey) -> None:
    if key.kind != _ALGORITHMS[claims.algorithm]:
        raise BadTags("the key is of another kind than the signature")
    if key.hashes is not None and "sha256" not in key.hashes:
        raise BadTags("its key does not allow SHA-256 (h=)")
    if key.services is not None and not key.services & {"*", "email"}:
        raise BadTags("its key is not for mail (s=)")
    if key.same_domain and claims.identity != claims.domain:
        raise BadTags("its key does not allow identities below its domain (t=s)")


def _check_signature(claims: _Claims, key: PublishedKey, field: bytes, fields: Mapping[str, list[bytes]]) -> None:
    chosen = signed_fields(fields, claims.names)
    own = _SIGNATURE_VALUE.sub(rb"\1", field)
    data = relaxed_data(chosen, own) if claims.relaxed_header else simple_data(chosen, own)
    try:
        if isinstance(key.public, RSAPublicKey):
            key.public.verify(claims.octets, data, PKCS1v15(), SHA256())
        else:
            key.public.verify(claims.octets, body_hash(data))
    except InvalidSignature as error:
        raise _Broken(Result.FAIL, "a signed field was changed, or the key is another") from error
