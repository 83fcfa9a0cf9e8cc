"""The words in which checks answer (RFC 8601 §2.7)."""

from __future__ import annotations

from enum import StrEnum


class Result(StrEnum):
    NONE = "none"
    """Nothing was published, or nothing signed."""
    PASS = "pass"  # noqa: S105  # the standard's word, no password
    FAIL = "fail"
    SOFTFAIL = "softfail"
    NEUTRAL = "neutral"
    POLICY = "policy"
    """It verifies, and still may not be relied upon."""
    TEMPERROR = "temperror"
    """Could not be checked now (the DNS did not answer)."""
    PERMERROR = "permerror"
    """What is published, or the signature, breaks the standard."""
