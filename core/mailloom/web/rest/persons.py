"""/persons: what is known of somebody, handed out or forgotten (GDPR, Articles 15 and 17)."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel

from mailloom.api.access import Permission
from mailloom.api.audit import audit
from mailloom.api.rest_routes import Caller, Name, api_router, needs
from mailloom.errors import ConfigurationError
from mailloom.mail.address import normalise
from mailloom.web.rest.here import Here

router = api_router(tags=["contacts"])


class Known(BaseModel):
    address: str
    records: dict[str, list[dict[str, Any]]]


class Erased(BaseModel):
    erased: dict[str, int]


@router.get("/persons/{address}", dependencies=[needs(Permission.PEOPLE_READ), needs(Permission.MESSAGES_READ)])
def export_person(app: Here, address: Name, caller: Caller) -> Known:
    """All that the core and the addons keep about a person, to be handed out."""
    key = _key(address)
    with app.write() as session:
        found = app.export_person(session, key)
        audit(session, caller, "person.export", f"address:{key}")
    return Known(address=key, records={name: [dict(each) for each in records] for name, records in found.items()})


@router.delete("/persons/{address}", dependencies=[needs(Permission.PEOPLE_WRITE)])
def erase_person(app: Here, address: Name, caller: Caller) -> Erased:
    """Forget a person for good, in the core and in every addon. It cannot be undone."""
    with app.write() as session:
        counts = app.erase_person(session, _key(address))
        audit(session, caller, "person.erase", details={"records": sum(counts.values())})
    return Erased(erased=dict(counts))


def _key(address: str) -> str:
    key = normalise(address)
    if not key:
        raise ConfigurationError(f"{address[:100]!r} is no e-mail address.", remedy="Write it like ann@example.org.")
    return key
