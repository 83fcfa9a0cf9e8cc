"""What depends on the region: names of hosts, the domain of Message-IDs, and the SMTP password that belongs to an IAM secret.

Amazon's documentation calls the way to the password "converting existing AWS credentials"; it is a Signature Version 4 key over fixed values,
base64-encoded behind a version byte. It holds in one region only, and temporary (STS) secrets have none.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from typing import Final

REGION_PATTERN: Final = r"[a-z]{2,4}(-[a-z]{2,6}){1,2}-\d{1,2}"
_DATE: Final = b"11111111"
_VERSION: Final = b"\x04"
_FIRST_REGION: Final = "us-east-1"
_SUFFIXES: Final = {"cn": "amazonaws.com.cn", "eusc": "amazonaws.eu"}
"""By the first word of the region; the rest of the world is amazonaws.com."""


def domain_suffix(region: str) -> str:
    """The domain under which Amazon's services of that region are found."""
    return _SUFFIXES.get(region.partition("-")[0], "amazonaws.com")


def smtp_host(region: str) -> str:
    return f"email-smtp.{region}.{domain_suffix(region)}"


def message_id(provider_id: str, region: str) -> str:
    """The Message-ID that SES puts in place of ours; answers refer to that one."""
    domain = "email.amazonses.com" if region == _FIRST_REGION else f"{region}.amazonses.com"
    return f"<{provider_id}@{domain}>"


def smtp_password(secret_access_key: str, region: str) -> str:
    """The SMTP password of an IAM secret in a region."""
    key = _signed(b"AWS4" + secret_access_key.encode(), _DATE)
    for part in (region.encode(), b"ses", b"aws4_request", b"SendRawEmail"):
        key = _signed(key, part)
    return base64.b64encode(_VERSION + key).decode("ascii")


def _signed(key: bytes, part: bytes) -> bytes:
    return hmac.new(key, part, hashlib.sha256).digest()
