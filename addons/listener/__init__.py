"""An SMTP and LMTP server for mail that is passed on to us; it runs inside `mailloom serve`."""

from __future__ import annotations

from .service import ListenerService
from .settings import ListenerSettings

__all__ = ["ListenerService", "ListenerSettings"]
