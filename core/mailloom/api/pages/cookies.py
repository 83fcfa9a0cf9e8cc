"""Our cookies: HttpOnly, SameSite=Lax, for the whole host.

Where browsers reach us by https they are Secure too and their names begin `__Host-`, so that no other host can plant them (RFC 6265bis §4.1.3).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from fastapi import Request, Response

_LONGEST = 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class Cookies:
    encrypted: bool

    def name(self, name: str) -> str:
        return f"__Host-mailloom-{name}" if self.encrypted else f"mailloom-{name}"

    def read(self, request: Request, name: str) -> str:
        """'' where there is none."""
        return request.cookies.get(self.name(name), "")[:_LONGEST]

    def put(self, response: Response, name: str, value: str, lives: timedelta) -> None:
        response.set_cookie(
            self.name(name),
            value,
            max_age=int(lives.total_seconds()),
            path="/",
            secure=self.encrypted,
            httponly=True,
            samesite="lax",
        )

    def drop(self, response: Response, name: str) -> None:
        response.delete_cookie(self.name(name), path="/", secure=self.encrypted, httponly=True, samesite="lax")
