"""People in marketing: the table, and one of them with lists, history, what other addons know, and the rights of the GDPR."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy.orm import Session

from mailloom.api import Office, Permission
from mailloom.api.pages import (
    APIRouter,
    Column,
    Crumb,
    Identity,
    Kind,
    Request,
    Response,
    Table,
    Toolkit,
    _,
    audit,
    needs,
    visitor,
)
from mailloom.errors import ConfigurationError, NotFound

from .. import answers
from ..lists import living
from ..models import Member
from .lists import begins

_SHOWN_HERE = ("audience member", "audience subscriptions", "audience history")
_OF_MARKETING = ("audience", "mailing", "optout", "opt-out", "bounce", "suppress", "tracking", "opens", "visits")
_MOST_RECORDS = 50
_LONGEST_CELL = 200

PEOPLE = Table(
    name="people",
    key=Member.id,
    columns=(
        Column(
            name="address",
            label="Address",
            value=Member.address,
            wide=True,
            link=lambda row: f"/admin/people/{row['_key']}",
        ),
        Column(name="name", label="Name", value=Member.name),
        Column(name="language", label="Language", value=Member.language),
        Column(name="source", label="Came by", value=Member.source, look=lambda value, row: _(value.value)),
        Column(name="created", label="Known since", value=Member.created_at, kind=Kind.MOMENT),
    ),
    find=lambda words: begins(Member.key, words),
    empty_title="Nobody is known yet",
    empty_text="People come here when they sign up on a list or are imported.",
)

Records = Mapping[str, Sequence[Mapping[str, Any]]]


def make(office: Office, toolkit: Toolkit) -> APIRouter:
    router = APIRouter(prefix="/people")
    read, write = Permission.PEOPLE_READ, Permission.PEOPLE_WRITE

    @router.get("", dependencies=[needs(read)])
    def list_people(request: Request) -> Response:
        crumbs = [Crumb(title=_("Lists"), path="/lists")]
        return toolkit.table(request, PEOPLE, title=_("People"), crumbs=crumbs)

    @router.get("/{number}", dependencies=[needs(read)])
    def show(request: Request, number: int) -> Response:
        with office.read() as session:
            member = _member(session, number)
            subscriptions = answers.subscriptions(session, member.id)
            on = {one["list"] for one in subscriptions}
            return toolkit.page(
                request,
                "audience/person.html",
                title=member.address,
                crumbs=[Crumb(title=_("People"), path="/people")],
                member=member,
                subscriptions=subscriptions,
                history=list(reversed(answers.history(session, member.id))),
                others=[each for each in living(session) if each.name not in on],
            )

    @router.get("/{number}/known", dependencies=[needs(read)])
    def known(request: Request, number: int) -> Response:
        """What other addons keep about the person; a part of the page that comes later."""
        with office.read() as session:
            records = _allowed(office.export_person(session, _member(session, number).key))
        shown = [
            (name, [_cells(one) for one in found[:_MOST_RECORDS]])
            for name, found in records.items()
            if found and name not in _SHOWN_HERE
        ]
        return toolkit.fragment(request, "audience/known.html", shown=shown)

    @router.get("/{number}/export.json")
    def export(number: int, who: Identity = needs(read)) -> Response:
        with office.write() as session:
            key = _member(session, number).key
            records = _allowed(office.export_person(session, key))
            audit(session, who, "person.export", f"address:{key}")
        written = json.dumps({"address": key, "records": dict(records)}, indent=2, ensure_ascii=False, default=str)
        headers = {"Content-Disposition": 'attachment; filename="person.json"'}
        return Response(written, media_type="application/json", headers=headers)

    @router.post("/{number}/erase")
    def erase(request: Request, number: int, who: Identity = needs(write)) -> Response:
        typed = (request.state.form or {}).get("typed")
        with office.write() as session:
            member = _member(session, number)
            if not isinstance(typed, str) or typed.strip().lower() not in (member.key, member.address.lower()):
                raise ConfigurationError(
                    _("This is not the address of the person."), remedy=_("Type it as it stands at the top.")
                )
            counts = office.erase_person(session, member.key)
            audit(session, who, "person.erase", details={"records": sum(counts.values())})
        return toolkit.done(request, "/people", _("The person is forgotten."))

    return router


def _member(session: Session, number: int) -> Member:
    found = session.get(Member, number) if 0 < number < 2**63 else None
    if found is None:
        raise NotFound(_("There is no such person."))
    return found


def _allowed(records: Records) -> Records:
    """Mails themselves are for those who may read them."""
    if visitor().may(Permission.MESSAGES_READ):
        return records
    return {name: found for name, found in records.items() if name.lower().startswith(_OF_MARKETING)}


def _cells(record: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name.replace("_", " "): value[:_LONGEST_CELL] if isinstance(value, str) else value
        for name, value in record.items()
        if value not in (None, "", {}, [])
    }
