"""Pages of what came back, of addresses that are not written to, and of what follows from a report."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, Field, StringConstraints
from sqlalchemy import ColumnElement, and_
from sqlalchemy.orm import InstrumentedAttribute

from mailloom.api import Office, Permission
from mailloom.api.pages import (
    APIRouter,
    BulkAction,
    Column,
    Crumb,
    Filter,
    FormView,
    Identity,
    Kind,
    Request,
    Response,
    Table,
    Toolkit,
    _,
    audit,
    n_,
    needs,
    read_form,
    show_form,
)
from mailloom.api.pages.formats import badge
from mailloom.errors import MailloomError, NotFound
from mailloom.mail.address import normalise

from .effects import Rule, change_rule, rule_for
from .models import BounceEvent, Effect, Scope, Suppression
from .suppressing import suppress_address, undo
from .wording import words_for

_TONES = {
    Effect.HARD: "bad",
    Effect.SOFT: "warning",
    Effect.POLICY: "warning",
    Effect.DELAY: "busy",
    Effect.COMPLAINT: "bad",
    Effect.DELIVERED: "good",
}


def _begins(column: InstrumentedAttribute[str], words: str) -> ColumnElement[bool]:
    """A whole address, or how it begins: both by the index."""
    start = (normalise(words) if "@" in words else "") or words.lower()
    return and_(column >= start, column < start + "\U0010ffff")


EVENTS = Table(
    name="bounces",
    key=BounceEvent.id,
    columns=(
        Column(name="at", label="When", value=BounceEvent.at, kind=Kind.MOMENT),
        Column(
            name="address",
            label="Address",
            value=BounceEvent.key,
            look=lambda value, row: value or row["reported"] or "–",
            link=lambda row: f"/admin/bounces/{row['_key']}",
            wide=True,
        ),
        Column(name="reported", label="Reported", value=BounceEvent.reported_recipient, shown=False),
        Column(
            name="effect",
            label="Kind",
            value=BounceEvent.effect,
            look=lambda value, row: badge(value, _TONES.get(value, "quiet")),
        ),
        Column(
            name="reason",
            label="Reason",
            value=BounceEvent.reason,
            look=lambda value, row: _(words_for(value).meaning),
            wide=True,
        ),
        Column(name="status", label="Status", value=BounceEvent.status, kind=Kind.CODE),
        Column(name="matched_by", label="Matched by", value=BounceEvent.matched_by),
    ),
    find=lambda words: _begins(BounceEvent.key, words),
    filters=(
        Filter(
            name="effect",
            label="Kind",
            options=[(effect.value, effect.value) for effect in Effect],
            condition=lambda value: BounceEvent.effect == Effect(value),
        ),
    ),
    empty_title="Nothing came back",
    empty_text="Bounces, complaints and delays stand here, with what the other server said and what follows from it.",
)
SUPPRESSIONS = Table(
    name="suppressions",
    key=Suppression.id,
    columns=(
        Column(name="key", label="Address", value=Suppression.key, wide=True),
        Column(
            name="undone_at",
            label="State",
            value=Suppression.undone_at,
            look=lambda value, row: badge("over" if value else "suppressed", "quiet" if value else "bad"),
        ),
        Column(name="scope", label="Keeps back", value=Suppression.scope, kind=Kind.STATE),
        Column(name="reason", label="Why", value=Suppression.reason, wide=True),
        Column(name="since", label="Since", value=Suppression.since, kind=Kind.MOMENT),
        Column(name="by", label="By", value=Suppression.by),
    ),
    find=lambda words: _begins(Suppression.key, words),
    filters=(
        Filter(
            name="state",
            label="State",
            options=[("active", "suppressed"), ("over", "over")],
            condition=lambda value: (
                Suppression.undone_at.is_(None) if value == "active" else Suppression.undone_at.is_not(None)
            ),
        ),
    ),
    bulk=(
        BulkAction(
            path="/bounces/suppressions/undo",
            label="Write to them again",
            permission=Permission.DELIVERABILITY_WRITE,
            confirm="Write to these addresses again? If they still do not exist, this harms your reputation.",
        ),
    ),
    empty_title="No address is suppressed",
    empty_text="Addresses that do not exist, and people who complained, come here by themselves.",
)

Suppress = Literal["all", "marketing", "none"]


class SuppressEntry(BaseModel):
    address: Annotated[str, StringConstraints(strip_whitespace=True, max_length=320)] = Field(
        min_length=1, description="Never written to again."
    )
    scope: Scope = Field(Scope.ALL, title="Keeps back", description="All mail, or marketing only.")
    reason: str = Field("by hand", max_length=500, description="Shown wherever it keeps a mail from being sent.")


class RuleEntry(BaseModel):
    """A row of the policy."""

    suppress: Suppress = Field("none", description="What is not sent to the address any more.")
    note: bool = Field(True, description="Write a note on the conversation.")
    alarm: bool = Field(False, description="Raise an alarm for the sending domain.")


def make(office: Office, toolkit: Toolkit) -> APIRouter:
    router = APIRouter(prefix="/bounces")
    read, write = Permission.DELIVERABILITY_READ, Permission.DELIVERABILITY_WRITE

    def suppress_page(request: Request, form: FormView[SuppressEntry], status: int = 200) -> Response:
        crumbs = [_bounces(), Crumb(title=_("Suppressions"), path="/bounces/suppressions")]
        return toolkit.page(
            request, "bounce/suppress.html", title=_("Suppress an address"), crumbs=crumbs, form=form, status=status
        )

    @router.get("", dependencies=[needs(read)])
    def list_events(request: Request) -> Response:
        actions = [("Suppressions", "/bounces/suppressions", read), ("Policy", "/bounces/policy", read)]
        return toolkit.table(request, EVENTS, title=_("Bounces"), actions=actions)

    @router.get("/suppressions", dependencies=[needs(read)])
    def list_suppressions(request: Request) -> Response:
        actions = [("Suppress an address", "/bounces/suppressions/new", write)]
        return toolkit.table(request, SUPPRESSIONS, title=_("Suppressions"), crumbs=[_bounces()], actions=actions)

    @router.get("/suppressions/new", dependencies=[needs(write)])
    def new_suppression(request: Request) -> Response:
        return suppress_page(request, show_form(SuppressEntry))

    @router.post("/suppressions/new")
    def add_suppression(request: Request, who: Identity = needs(write)) -> Response:
        form = read_form(SuppressEntry, request.state.form)
        if form.value is None:
            return suppress_page(request, form, 422)
        given = form.value
        try:
            with office.write() as session:
                row = suppress_address(
                    session, given.address, scope=given.scope, reason=given.reason, by=who.actor[:64], now=office.now()
                )
                audit(session, who, "suppression.add", f"address:{row.key}", {"reason": given.reason})
        except MailloomError as error:
            return suppress_page(request, form.refused(error, "address"), 422)
        return toolkit.done(request, "/bounces/suppressions", _("{name} is not written to any more.", name=row.key))

    @router.post("/suppressions/undo")
    def undo_suppressions(request: Request, who: Identity = needs(write)) -> Response:
        with office.write() as session:
            keys = set()
            for number in SUPPRESSIONS.selected(request.state.form):
                row = session.get(Suppression, int(number)) if number.isdigit() and int(number) < 2**63 else None
                if row is not None and row.undone_at is None:
                    keys.add(row.key)
            for key in sorted(keys):
                undo(session, key, by=who.actor[:64], now=office.now())
            audit(session, who, "suppression.undo", details={"addresses": sorted(keys)})
        said = n_("{count} address is written to again.", "{count} addresses are written to again.", len(keys))
        return toolkit.done(request, "/bounces/suppressions", said)

    @router.get("/policy", dependencies=[needs(read)])
    def show_policy(request: Request) -> Response:
        with office.read() as session:
            rules = [(effect, rule_for(session, effect)) for effect in Effect]
        return toolkit.page(request, "bounce/policy.html", title=_("Policy"), crumbs=[_bounces()], rules=rules)

    def rule_page(request: Request, effect: Effect, form: FormView[RuleEntry], status: int = 200) -> Response:
        crumbs = [_bounces(), Crumb(title=_("Policy"), path="/bounces/policy")]
        title = _("After: {effect}", effect=_(effect.value))
        return toolkit.page(
            request, "bounce/rule.html", title=title, crumbs=crumbs, effect=effect, form=form, status=status
        )

    @router.get("/policy/{effect}", dependencies=[needs(write)])
    def show_rule(request: Request, effect: Effect) -> Response:
        with office.read() as session:
            return rule_page(request, effect, show_form(RuleEntry, _entry(rule_for(session, effect))))

    @router.post("/policy/{effect}")
    def change_policy(request: Request, effect: Effect, who: Identity = needs(write)) -> Response:
        form = read_form(RuleEntry, request.state.form)
        if form.value is None:
            return rule_page(request, effect, form, 422)
        given = form.value
        scope = None if given.suppress == "none" else Scope(given.suppress)
        with office.write() as session:
            change_rule(session, effect, Rule(suppress=scope, note=given.note, alarm=given.alarm))
            audit(session, who, "bounce.policy", f"effect:{effect}", given.model_dump())
        return toolkit.done(request, "/bounces/policy", _("Saved."))

    @router.get("/{number}", dependencies=[needs(read)])
    def show_event(request: Request, number: int) -> Response:
        with office.read() as session:
            event = session.get(BounceEvent, number) if 0 < number < 2**63 else None
        if event is None:
            raise NotFound(_("There is no bounce {number}.", number=number))
        title = event.key or event.reported_recipient or _("A report")
        words = words_for(event.reason)
        return toolkit.page(
            request,
            "bounce/event.html",
            title=title,
            crumbs=[_bounces()],
            event=event,
            words=words,
            tone=_TONES.get(event.effect, "quiet"),
        )

    return router


def _bounces() -> Crumb:
    return Crumb(title=_("Bounces"), path="/bounces")


def _entry(rule: Rule) -> RuleEntry:
    suppress: Suppress = "none" if rule.suppress is None else "all" if rule.suppress is Scope.ALL else "marketing"
    return RuleEntry(suppress=suppress, note=rule.note, alarm=rule.alarm)
