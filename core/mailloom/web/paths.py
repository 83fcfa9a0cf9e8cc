"""How the path of a request stands in the log: parts that may be secrets, such as one-time links and tokens, are left out."""

from __future__ import annotations

_LONGEST_PLAIN = 30
_LONGEST = 200


def logged_path(path: str) -> str:
    """Names and numbers stay; what is as long as a secret does not."""
    return "/".join(part if len(part) <= _LONGEST_PLAIN else "…" for part in path.split("/"))[:_LONGEST]
