"""What a trusted receiver wrote about a mail's sender: the Authentication-Results header (RFC 8601).

Only the topmost header of a trusted authserv-id counts: those below it came with the mail and may be forged. From is proved by DMARC, or
by DKIM or SPF for a domain that aligns with it: equal, or one below the other (the relaxed mode of RFC 9989, as far as it can be told
without DNS).
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import authres

from mailloom.mail.message import Message


@dataclass(frozen=True, slots=True, kw_only=True)
class SenderProof:
    """`why` names the method and domain, or what was missing."""

    genuine: bool
    why: str


def proves_sender(mail: Message, trusted: Collection[str]) -> SenderProof | None:
    """Whether a trusted header proves the domain of From; None when no trusted header is there."""
    header = _topmost(mail, {name.strip().lower() for name in trusted})
    if header is None:
        return None
    domain = mail.from_.domain.lower().rstrip(".") if mail.from_ else ""
    for result in header.results:
        proof = _proof(result, domain)
        if proof:
            return SenderProof(genuine=True, why=f"{header.authserv_id} found {proof}")
    seen = ", ".join(f"{result.method}={result.result}" for result in header.results) or "nothing"
    return SenderProof(
        genuine=False,
        why=f"{header.authserv_id} found {seen}, none of which proves {domain or 'a From without domain'}",
    )


def _topmost(mail: Message, trusted: Collection[str]) -> authres.AuthenticationResultsHeader | None:
    for value in mail.headers.all("authentication-results"):
        try:
            header = authres.AuthenticationResultsHeader.parse(f"Authentication-Results: {value}")
        except (authres.core.AuthResError, ValueError, RecursionError):
            continue
        if str(header.authserv_id).lower() in trusted:
            return header
    return None


def _proof(result: authres.AuthenticationResult, domain: str) -> str:
    if str(result.result).lower() != "pass" or not domain:
        return ""
    method = str(result.method).lower()
    for kind, name in _PROPERTIES.get(method, ()):
        for prop in result.properties:
            if prop.type == kind and prop.name == name and aligned(_domain_of(str(prop.value)), domain):
                return f"{method}=pass for {_domain_of(str(prop.value))}"
    return ""


# Method: the (ptype, property) that names the authenticated domain (RFC 8601 §2.7).
_PROPERTIES = {
    "dmarc": (("header", "from"),),
    "dkim": (("header", "d"), ("header", "i")),
    "spf": (("smtp", "mailfrom"),),
}


def _domain_of(value: str) -> str:
    return value.rpartition("@")[2].strip().lower().rstrip(".")


def aligned(one: str, other: str) -> bool:
    """Whether two domains are the same or one lies below the other; a single label never aligns with a longer name."""
    if not one or not other or "." not in one or "." not in other:
        return False
    return one == other or one.endswith(f".{other}") or other.endswith(f".{one}")
