"""Small mails for tests, written as a sender would."""

from __future__ import annotations

import itertools
from collections.abc import Mapping

_numbers = itertools.count(1)


def mail(
    *,
    sender: str = "Ann <ann@example.com>",
    to: str = "support@example.org",
    cc: str = "",
    subject: str = "A question",
    text: str = "It does not work.",
    message_id: str | None = None,
    date: str | None = "Mon, 2 Mar 2026 09:00:00 +0000",
    in_reply_to: str = "",
    references: str = "",
    headers: Mapping[str, str] | None = None,
) -> bytes:
    """A plain text mail. `message_id` and `date`: None makes a fresh id and leaves the date out, '' leaves either out."""
    fields = {
        "From": sender,
        "To": to,
        "Cc": cc,
        "Subject": subject,
        "Date": date or "",
        "Message-ID": f"<{next(_numbers)}@client.example.com>" if message_id is None else message_id,
        "In-Reply-To": in_reply_to,
        "References": references,
        **(headers or {}),
    }
    head = "".join(f"{name}: {value}\r\n" for name, value in fields.items() if value)
    return f"{head}\r\n{text}\r\n".encode()
