"""What a mail program does when somebody presses its unsubscribe button (RFC 8058 §3.2): one POST to the https address in List-Unsubscribe.

Nothing outside this machine is ever asked: the request goes to `web`, which stands for whatever answers at our https address.
"""

from __future__ import annotations

import http.client
import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from mailloom.mail.message import Message as Mail

_TIMEOUT_SECONDS = 20.0
_HTTPS = re.compile(r"<(https://[^<>\s]{1,2000})>")
_ONE_CLICK = "List-Unsubscribe=One-Click"


@dataclass(frozen=True, slots=True, kw_only=True)
class Clicked:
    """A button that was pressed. `status` 0: nobody answered."""

    address: str
    status: int


def press(mail: Mail, web: tuple[str, int]) -> Clicked | None:
    """Press the button; None when the mail offers none. Never raises."""
    found = _HTTPS.search(mail.headers.get("List-Unsubscribe"))
    if found is None or mail.headers.get("List-Unsubscribe-Post").strip() != _ONE_CLICK:
        return None
    address = urlsplit(found[1])
    connection = http.client.HTTPConnection(*web, timeout=_TIMEOUT_SECONDS)
    try:
        headers = {"Host": address.netloc, "Content-Type": "application/x-www-form-urlencoded"}
        connection.request("POST", address.path or "/", body=_ONE_CLICK, headers=headers)
        return Clicked(address=found[1], status=connection.getresponse().status)
    except (OSError, http.client.HTTPException):
        return Clicked(address=found[1], status=0)
    finally:
        connection.close()
