"""/accounts: mail servers: add, change, test step by step, stop and start. Secrets are taken and never shown."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from fastapi import Query
from pydantic import BaseModel, Field
from sqlalchemy.orm import Session

from mailloom.api.access import Permission
from mailloom.api.accounts import AccountSettings
from mailloom.api.audit import audit
from mailloom.api.probing import Step
from mailloom.api.rest_routes import Body, Caller, Name, Page, api_router, needs, page_of_all
from mailloom.app import App
from mailloom.errors import ConfigurationError
from mailloom.flow.account_test import TrialMessage, try_account
from mailloom.flow.account_values import secret_fields
from mailloom.flow.accounts import Accounts, shown_settings
from mailloom.flow.choose import choose, outgoing_accounts
from mailloom.flow.presets import filled_in, preset_named, with_preset
from mailloom.mail.address import normalise
from mailloom.store.accounts import AccountRow, AccountState, Direction
from mailloom.web.rest.here import Here
from mailloom.working import accounts_of

router = api_router(tags=["accounts"])
READ, WRITE = [needs(Permission.ACCOUNTS_READ)], [needs(Permission.ACCOUNTS_WRITE)]


class AccountShown(BaseModel):
    name: str
    kind: str
    direction: Direction
    sequence: int = Field(description="Lower is preferred.")
    state: AccountState
    archived: bool
    paused_reason: str
    first_error_at: datetime | None
    first_error: str
    last_error_at: datetime | None
    last_error: str
    last_success_at: datetime | None
    next_attempt_at: datetime | None


class AccountDetailed(AccountShown):
    settings: dict[str, Any] = Field(description="Of a secret only whether it is set.")


class NewAccount(Body):
    name: str = Field(max_length=64)
    kind: str = Field("", max_length=32, description="As /account-kinds lists them; '' with a preset: its way to send.")
    direction: Direction | None = Field(None, description="Needed for kinds that send and receive.")
    sequence: int = Field(10, ge=0, le=1_000_000)
    preset: str = Field("", max_length=64, description="Provider to fill the settings from.")
    choices: dict[str, str] = Field(default_factory=dict, description="What the preset lets choose, such as a region.")
    settings: dict[str, Any] = Field(default_factory=dict, description="Fields of the kind.")


class AccountChange(Body):
    """What is left out stays; null puts a setting back to its default."""

    name: str | None = Field(None, max_length=64)
    sequence: int | None = Field(None, ge=0, le=1_000_000)
    settings: dict[str, Any] = Field(default_factory=dict)


class Stop(Body):
    reason: str = Field("Stopped by hand.", max_length=500)


class TestWanted(Body):
    send_to: str = Field("", max_length=320, description="Send a real test message to this address.")
    sender: str = Field("", max_length=320, description="Its From; '' takes the account's default.")


class TestShown(BaseModel):
    passed: bool
    state: AccountState
    steps: list[Step]
    message: TrialMessage | None


class FieldShown(BaseModel):
    name: str
    required: bool
    secret: bool
    default: Any
    description: str


class KindShown(BaseModel):
    kind: str
    direction: Direction
    title: str
    fields: list[FieldShown]


class CandidateShown(BaseModel):
    account: str
    sequence: int
    state: AccountState
    usable: bool
    why: str


class Choice(BaseModel):
    account: str | None
    reason: str
    candidates: list[CandidateShown]


@router.get("/account-kinds", dependencies=READ)
def list_kinds(app: Here) -> Page[KindShown]:
    """What kinds of account there are, with their fields."""
    return page_of_all(
        KindShown(
            kind=each.kind.name, direction=each.direction, title=each.kind.title, fields=_fields(each.kind.settings)
        )
        for each in accounts_of(app).kinds()
    )


@router.get("/account-choice", dependencies=READ)
def choose_account(app: Here, sender: Annotated[str, Query(max_length=320)]) -> Choice:
    """Which account would send a mail with this From, and why not the others."""
    key = normalise(sender)
    if not key:
        raise ConfigurationError(f"{sender!r} is not a mail address.", remedy="Write it like ann@example.org.")
    with app.read() as session:
        choice = choose(outgoing_accounts(session), key)
    candidates = [
        CandidateShown(
            account=each.account.name,
            sequence=each.account.sequence,
            state=each.account.state,
            usable=each.match is not None,
            why=each.reason,
        )
        for each in choice.candidates
    ]
    return Choice(account=choice.account.name if choice.account else None, reason=choice.reason, candidates=candidates)


@router.get("/accounts", dependencies=READ)
def list_accounts(app: Here, archived: bool = False) -> Page[AccountShown]:
    """By direction, sequence and name."""
    with app.read() as session:
        return page_of_all(_shown(row) for row in accounts_of(app).all(session, archived=archived))


@router.post("/accounts", dependencies=WRITE, status_code=201)
def add_account(app: Here, body: NewAccount, caller: Caller) -> AccountDetailed:
    """A draft, until a test has passed."""
    known = accounts_of(app)
    values, kind = dict(body.settings), body.kind
    if body.preset:
        preset = filled_in(preset_named(app.registry.catalogue.presets, body.preset), body.choices)
        kind = kind or preset.outgoing_kind or ""
        values = with_preset(preset, known.kind(kind, body.direction), values)
    with app.write() as session:
        row = known.add(session, body.name, kind, values, direction=body.direction, sequence=body.sequence)
        audit(session, caller, "account.add", f"account:{row.name}", {"kind": kind, "fields": sorted(values)})
        return _detailed(app, known, row)


@router.get("/accounts/{name}", dependencies=READ)
def show_account(app: Here, name: Name) -> AccountDetailed:
    known = accounts_of(app)
    with app.read() as session:
        return _detailed(app, known, known.find(session, name))


@router.patch("/accounts/{name}", dependencies=WRITE)
def change_account(app: Here, name: Name, body: AccountChange, caller: Caller) -> AccountDetailed:
    """Test it afterwards: the state stays as it was."""
    known = accounts_of(app)
    with app.write() as session:
        row = known.edit(session, name, body.settings, sequence=body.sequence, new_name=body.name)
        audit(session, caller, "account.change", f"account:{row.name}", {"fields": sorted(body.settings)})
        return _detailed(app, known, row)


@router.post("/accounts/{name}/test", dependencies=WRITE)
def test_account(app: Here, name: Name, body: TestWanted, caller: Caller) -> TestShown:
    """Go the whole way to the server; a passed test confirms the account."""
    known = accounts_of(app)
    with app.read() as session:
        row = known.find(session, name)
    kind, account = known.kind(row.kind, row.direction), known.value(row)
    if body.send_to and row.direction is not Direction.OUTGOING:
        raise ConfigurationError(f"Account {name} only receives.", remedy="Leave send_to out.")
    tested = try_account(app, app.registry, kind, account, send_to=body.send_to, sender=body.sender)
    with app.write() as session:
        state = known.tested(session, name, passed=tested.passed, words=tested.words).state
        audit(session, caller, "account.test", f"account:{name}", {"passed": tested.passed})
    return TestShown(passed=tested.passed, state=state, steps=list(tested.steps), message=tested.message)


@router.post("/accounts/{name}/enable", dependencies=WRITE)
def enable_account(app: Here, name: Name, caller: Caller) -> AccountShown:
    """Back to work, from paused, failing or archived."""
    with app.write() as session:
        return _decided(session, caller, "account.enable", accounts_of(app).enable(session, name))


@router.post("/accounts/{name}/disable", dependencies=WRITE)
def disable_account(app: Here, name: Name, body: Stop, caller: Caller) -> AccountShown:
    """Pause it: what is queued for it waits."""
    with app.write() as session:
        return _decided(session, caller, "account.disable", accounts_of(app).disable(session, name, body.reason))


@router.delete("/accounts/{name}", dependencies=WRITE)
def archive_account(app: Here, name: Name, caller: Caller) -> AccountShown:
    """Put it out of use, with its history kept; refused while it is used."""
    with app.write() as session:
        return _decided(session, caller, "account.archive", accounts_of(app).archive(session, name))


def _decided(session: Session, caller: Caller, action: str, row: AccountRow) -> AccountShown:
    audit(session, caller, action, f"account:{row.name}")
    session.flush()
    return _shown(row)


def _detailed(app: App, known: Accounts, row: AccountRow) -> AccountDetailed:
    settings = shown_settings(row, known.kind(row.kind, row.direction).kind.settings, app.keys)
    return AccountDetailed(**_shown(row).model_dump(), settings=settings)


def _fields(model: type[AccountSettings]) -> list[FieldShown]:
    secret = secret_fields(model)
    return [
        FieldShown(
            name=name,
            required=field.is_required(),
            secret=name in secret,
            default=None if field.is_required() or name in secret else field.get_default(call_default_factory=True),
            description=field.description or "",
        )
        for name, field in model.model_fields.items()
    ]


def _shown(row: AccountRow) -> AccountShown:
    return AccountShown(
        name=row.name,
        kind=row.kind,
        direction=row.direction,
        sequence=row.sequence,
        state=row.state,
        archived=row.archived,
        paused_reason=row.paused_reason,
        first_error_at=row.first_error_at,
        first_error=row.first_error,
        last_error_at=row.last_error_at,
        last_error=row.last_error,
        last_success_at=row.last_success_at,
        next_attempt_at=row.next_attempt_at,
    )
