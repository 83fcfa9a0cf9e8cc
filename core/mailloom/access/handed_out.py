"""What is handed out once and stored as a digest: cookies, links, tokens. 256 random bits need no slow hash."""

from __future__ import annotations

import hashlib
import secrets

LONGEST = 100


def make_secret(prefix: str = "") -> str:
    return prefix + secrets.token_urlsafe(32)


def digest_of(secret: str) -> str:
    """Takes any text of a stranger's; what is too long to be ours is nobody's."""
    return hashlib.sha256(secret[: LONGEST + 1].encode("utf-8", "surrogatepass")).hexdigest()
