"""Mail servers: those that send and those that mail is fetched from, what state each is in and why, and which one would send a mail."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from mailloom.api.access import Identity, Permission
from mailloom.api.accounts import AccountSettings, AfterFetch, Security
from mailloom.api.audit import audit
from mailloom.api.pages import (
    APIRouter,
    Crumb,
    Query,
    Request,
    Response,
    Toolkit,
    _,
    needs,
)
from mailloom.app import App
from mailloom.errors import MailloomError, NotFound
from mailloom.flow.accounts import KnownKind
from mailloom.flow.choose import choose, outgoing_accounts
from mailloom.mail.address import normalise
from mailloom.store.accounts import AccountRow, AccountState, Direction
from mailloom.web.admin.account_tables import ARCHIVED, WAITING, table_of, waiting_text
from mailloom.web.admin.panels import account_panels
from mailloom.working import accounts_of

_LARGEST_ID = 2**63
READ, WRITE = [needs(Permission.ACCOUNTS_READ)], [needs(Permission.ACCOUNTS_WRITE)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Remark:
    """Something to know of an account; in the visitor's language."""

    tone: str
    text: str
    remedy: str = ""


def make(app: App, toolkit: Toolkit) -> APIRouter:
    router = APIRouter()

    def list_of(request: Request, direction: Direction) -> Response:
        archived = request.query_params.get("state") == ARCHIVED
        table = table_of(direction, _titles(app, direction), archived=archived)
        return toolkit.table(
            request, table, title=_("Mail servers"), template="web/accounts/list.html", direction=direction
        )

    @router.get("/servers", dependencies=READ)
    def list_outgoing(request: Request) -> Response:
        return list_of(request, Direction.OUTGOING)

    @router.get("/servers/incoming", dependencies=READ)
    def list_incoming(request: Request) -> Response:
        return list_of(request, Direction.INCOMING)

    @router.get("/servers/choose", dependencies=READ)
    def choose_server(request: Request, sender: str = Query("", alias="from", max_length=320)) -> Response:
        key = normalise(sender.strip())
        choice = None
        if key:
            with app.read() as session:
                choice = choose(outgoing_accounts(session), key)
        return toolkit.page(
            request,
            "web/accounts/choose.html",
            title=_("Which server would send?"),
            crumbs=crumbs_of(Direction.OUTGOING),
            sender=sender.strip(),
            choice=choice,
            wrong=bool(sender.strip()) and not key,
        )

    @router.get("/servers/{account_id:int}", dependencies=READ)
    def show(request: Request, account_id: int) -> Response:
        with app.read() as session:
            row = account_row(session, account_id)
            waiting = session.scalar(select(WAITING).select_from(AccountRow).where(AccountRow.id == row.id)) or 0
        known, settings, remarks = _looked_at(app, row)
        return toolkit.page(
            request,
            "web/accounts/account.html",
            title=row.name,
            crumbs=crumbs_of(row.direction),
            row=row,
            kind=_(known.kind.title) if known else row.kind,
            settings=settings,
            remarks=remarks,
            waiting=waiting_text(waiting) if row.direction is Direction.OUTGOING else None,
            panels=account_panels(app, row.id),
        )

    @router.post("/servers/{account_id:int}/enable")
    def enable(request: Request, account_id: int, who: Identity = WRITE[0]) -> Response:
        with app.write() as session:
            row = accounts_of(app).enable(session, account_row(session, account_id).name)
            audit(session, who, "account.enable", f"account:{row.name}")
            state, name = row.state, row.name
        said = _("{name} is at work.", name=name)
        if state is AccountState.DRAFT:
            said = _("{name} is a draft; a passed test puts it to work.", name=name)
        return toolkit.done(request, f"/servers/{account_id}", said)

    @router.post("/servers/{account_id:int}/pause")
    def pause(request: Request, account_id: int, who: Identity = WRITE[0]) -> Response:
        with app.write() as session:
            row = accounts_of(app).disable(session, account_row(session, account_id).name)
            audit(session, who, "account.disable", f"account:{row.name}")
            name = row.name
        path = f"/servers/{account_id}"
        return toolkit.done(
            request, path, _("{name} rests; what is queued for it waits.", name=name), undo=f"{path}/enable"
        )

    @router.post("/servers/{account_id:int}/archive")
    def archive(request: Request, account_id: int, who: Identity = WRITE[0]) -> Response:
        with app.write() as session:
            row = accounts_of(app).archive(session, account_row(session, account_id).name)
            audit(session, who, "account.archive", f"account:{row.name}")
            name, direction = row.name, row.direction
        said = _("{name} is archived; its history stays.", name=name)
        return toolkit.done(request, list_path(direction), said, undo=f"/servers/{account_id}/enable")

    return router


def account_row(session: Session, account_id: int) -> AccountRow:
    row = session.get(AccountRow, account_id) if account_id < _LARGEST_ID else None
    if row is None:
        raise NotFound(_("There is no such server."), remedy=_("The list shows them all."))
    return row


def list_path(direction: Direction) -> str:
    return "/servers" if direction is Direction.OUTGOING else "/servers/incoming"


def crumbs_of(direction: Direction) -> list[Crumb]:
    return [Crumb(title=_("Mail servers"), path=list_path(direction))]


def _titles(app: App, direction: Direction) -> dict[str, str]:
    return {known.kind.name: _(known.kind.title) for known in accounts_of(app).kinds() if known.direction is direction}


def _looked_at(app: App, row: AccountRow) -> tuple[KnownKind | None, AccountSettings | None, list[Remark]]:
    """The kind and settings as far as they can be read, and what there is to know."""
    accounts = accounts_of(app)
    try:
        known = accounts.kind(row.kind, row.direction)
    except MailloomError:
        said = _("No app at work knows this kind of server ({kind}).", kind=row.kind)
        return None, None, [Remark(tone="bad", text=said, remedy=_("Install or enable it under Apps."))]
    try:
        settings: AccountSettings = accounts.value(row).settings
    except MailloomError as error:
        return known, None, [Remark(tone="bad", text=str(error), remedy=error.remedy)]
    return known, settings, [*_of_state(row), *_of_settings(row, settings)]


def _of_state(row: AccountRow) -> list[Remark]:
    if row.archived:
        return [Remark(tone="quiet", text=_("It is archived: out of use, with its history kept."))]
    if row.state is AccountState.DRAFT:
        said = _("A draft: nothing is sent or fetched by it until a test has passed.")
        return [Remark(tone="warning", text=said, remedy=_("Press “Test connection”."))]
    if row.state is AccountState.PAUSED:
        return [
            Remark(tone="warning", text=_("Stopped, because: “{reason}”.", reason=" ".join(row.paused_reason.split())))
        ]
    if row.state is AccountState.FAILING:
        said = _("It fails. The last words were: “{words}”.", words=" ".join(row.last_error.split()))
        return [Remark(tone="bad", text=said, remedy=_("Press “Test connection” to see where it stops."))]
    return []


def _of_settings(row: AccountRow, settings: AccountSettings) -> list[Remark]:
    remarks = []
    if getattr(settings, "after_fetch", None) is AfterFetch.DELETE:
        said = _("Mail is deleted on the server once it is safe here: whoever else reads this mailbox finds it empty.")
        remarks.append(Remark(tone="warning", text=said))
    local = getattr(settings, "host", "") in ("localhost", "127.0.0.1", "::1")
    if getattr(settings, "security", None) is Security.NONE and not local:
        said = _("The connection is not encrypted: passwords and mails can be read on the way.")
        remarks.append(
            Remark(tone="warning", text=said, remedy=_("Choose TLS or STARTTLS where the server offers it."))
        )
    return remarks
