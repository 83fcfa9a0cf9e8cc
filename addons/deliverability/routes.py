"""The MTA-STS policy file of our domains (RFC 8461 §3.3), on the public web face; which one is meant is told by Host.

FastAPI is imported by `make` only, because it comes with another extra than this addon's. It reads the annotations of endpoints, so they are
evaluated here at once and not kept as text.
"""

from typing import TYPE_CHECKING

from mailloom.api import Office
from mailloom.mail.address import normalise

from .models import SendingDomain
from .policy_file import write_policy

if TYPE_CHECKING:
    from fastapi import APIRouter

PATH = "/.well-known/mta-sts.txt"
_PREFIX = "mta-sts."
_AGE_SECONDS = 300


def make(office: Office) -> "APIRouter":
    from fastapi import APIRouter, Request
    from fastapi.responses import PlainTextResponse

    router = APIRouter()

    @router.get(PATH, include_in_schema=False)
    def policy(request: Request) -> PlainTextResponse:
        text = policy_for(office, request.url.hostname or "")
        if text is None:
            return PlainTextResponse("There is no policy here.\n", status_code=404)
        return PlainTextResponse(text, headers={"Cache-Control": f"max-age={_AGE_SECONDS}"})

    return router


def policy_for(office: Office, host: str) -> str | None:
    """The file for `mta-sts.<domain>`; None for hosts that are not of a domain for which a policy was chosen."""
    host = host.lower().rstrip(".")
    domain = normalise(f"x@{host.removeprefix(_PREFIX)}").rpartition("@")[2]
    if not host.startswith(_PREFIX) or not domain:
        return None
    with office.read() as session:
        row = session.get(SendingDomain, domain)
    if row is None or row.policy_mode is None:
        return None
    return write_policy(row.policy_mode, row.policy_hosts)
