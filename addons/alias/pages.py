"""Pages of aliases and mail domains: what addresses of ours take mail, what becomes of it, and who may write."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, Field, StringConstraints, create_model
from sqlalchemy.orm import Session

from mailloom.api import Office, Permission
from mailloom.api.pages import (
    APIRouter,
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
    needs,
    read_form,
    show_form,
)
from mailloom.errors import MailloomError, NotFound
from mailloom.store.domains import MailDomain, all_domains

from .domains import DomainForm, add_domain, change_domain, remove_domain
from .managing import AliasForm, add_alias, change_alias, form_of, remove_alias
from .models import Alias, AliasStatus, ContactPolicy

T = TypeVar("T", Alias, MailDomain)
_Text = Annotated[str, StringConstraints(strip_whitespace=True, max_length=320)]

ALIASES = Table(
    name="aliases",
    key=Alias.id,
    columns=(
        Column(
            name="name",
            label="Address",
            value=Alias.name,
            sort=True,
            look=lambda value, row: f"{value or '–'}@{row['domain'] or '–'}",
            link=lambda row: f"/admin/aliases/{row['_key']}",
            wide=True,
        ),
        Column(name="domain", label="Domain", value=MailDomain.shown, shown=False),
        Column(name="model", label="Becomes", value=Alias.model, kind=Kind.CODE, sort=True),
        Column(name="forced_record", label="Record", value=Alias.forced_record),
        Column(name="policy", label="Who may write", value=Alias.policy, kind=Kind.STATE),
        Column(name="status", label="State", value=Alias.status, kind=Kind.STATE),
    ),
    where=lambda chosen: chosen.outerjoin(MailDomain, MailDomain.id == Alias.domain_id),
    search=(Alias.name, Alias.model, MailDomain.shown),
    filters=(
        Filter(
            name="status",
            label="State",
            options=[(status.value, status.value.replace("_", " ")) for status in AliasStatus],
            condition=lambda value: Alias.status == AliasStatus(value),
        ),
    ),
    sort="name",
    empty_title="No aliases yet",
    empty_text="An alias is an address whose mail becomes a record: support@ becomes a ticket, say.",
)


class DomainEntry(BaseModel):
    name: _Text = Field(min_length=1, title="Domain", description="As in your addresses: example.org.")
    catchall: _Text = Field("catchall", description="Local part that answers come back to.")
    bounce: _Text = Field("bounce", description="Local part that bounces come back to.")
    default_from: _Text = Field("notifications", description="Local part, or whole address, of mail without an author.")
    contact: _Text = Field("", description="Address that automatic answers name for help; blank for none.")
    plus_addresses: bool = Field(
        True, description="Whether mail to catchall+something@ arrives. Try it: some providers drop it."
    )


class AliasName(BaseModel):
    name: _Text = Field(min_length=1, title="Name", description="What stands before the @: support.")


class AliasRules(BaseModel):
    """What does not depend on what is installed."""

    forced_record: _Text = Field(
        "", title="Record", description="Append to this record instead of making new ones; blank makes new ones."
    )
    policy: ContactPolicy = Field(ContactPolicy.EVERYONE, title="Who may write", description="Others are told so.")
    answer_text: str = Field(
        "",
        max_length=10_000,
        description="Told to those whom the policy refuses, instead of the usual words.",
        json_schema_extra={"multiline": True},
    )
    defaults: dict[str, Any] = Field(default_factory=dict, description="Values for each record it makes, as JSON.")
    any_domain: bool = Field(False, description="Match the name in every allowed domain.")
    machines: bool = Field(True, description="Take mail that programs send unasked.")


def make(office: Office, toolkit: Toolkit) -> APIRouter:
    router = APIRouter(prefix="/aliases")

    def models() -> type[Any]:
        return _entry_model(office)

    def alias_page(
        request: Request, form: FormView[Any], alias: Alias | None, path: str, status: int = 200
    ) -> Response:
        title = alias.address or _("An alias without a name") if alias else _("New alias")
        crumbs = [Crumb(title=_("Aliases"), path="/aliases")]
        return toolkit.page(
            request,
            "alias/alias.html",
            title=title,
            crumbs=crumbs,
            form=form,
            alias=alias,
            target=path,
            status=status,
        )

    def domain_page(
        request: Request, form: FormView[DomainEntry], domain: MailDomain | None, path: str, status: int = 200
    ) -> Response:
        title = domain.shown if domain else _("New domain")
        crumbs = [Crumb(title=_("Aliases"), path="/aliases"), Crumb(title=_("Domains"), path="/aliases/domains")]
        return toolkit.page(
            request,
            "alias/domain.html",
            title=title,
            crumbs=crumbs,
            form=form,
            domain=domain,
            target=path,
            status=status,
        )

    @router.get("", dependencies=[needs(Permission.ROUTING_READ)])
    def list_aliases(request: Request) -> Response:
        actions = [
            ("Add alias", "/aliases/new", Permission.ROUTING_WRITE),
            ("Domains", "/aliases/domains", Permission.ROUTING_READ),
            ("Try the routing", "/routing", Permission.ROUTING_READ),
        ]
        return toolkit.table(request, ALIASES, title=_("Aliases"), actions=actions)

    @router.get("/domains", dependencies=[needs(Permission.ROUTING_READ)])
    def list_domains(request: Request) -> Response:
        with office.read() as session:
            domains = all_domains(session)
        crumbs = [Crumb(title=_("Aliases"), path="/aliases")]
        return toolkit.page(request, "alias/domains.html", title=_("Domains"), crumbs=crumbs, domains=domains)

    @router.get("/domains/new", dependencies=[needs(Permission.ROUTING_WRITE)])
    def new_domain(request: Request) -> Response:
        return domain_page(request, show_form(DomainEntry), None, "/aliases/domains/new")

    @router.post("/domains/new")
    def make_domain(request: Request, who: Identity = needs(Permission.ROUTING_WRITE)) -> Response:
        form = read_form(DomainEntry, request.state.form)
        if form.value is None:
            return domain_page(request, form, None, "/aliases/domains/new", 422)
        try:
            with office.write() as session:
                domain = add_domain(session, DomainForm(**form.value.model_dump()))
                audit(session, who, "domain.add", f"domain:{domain.name}")
        except MailloomError as error:
            return domain_page(request, form.refused(error), None, "/aliases/domains/new", 422)
        return toolkit.done(request, "/aliases/domains", _("{name} is one of your domains now.", name=domain.shown))

    @router.get("/domains/{number}", dependencies=[needs(Permission.ROUTING_READ)])
    def show_domain(request: Request, number: int) -> Response:
        with office.read() as session:
            domain = _found(session, MailDomain, number)
        values = {name: getattr(domain, name) for name in DomainEntry.model_fields}
        entry = DomainEntry(**{**values, "name": domain.shown})
        return domain_page(request, show_form(DomainEntry, entry), domain, f"/aliases/domains/{number}")

    @router.post("/domains/{number}")
    def edit_domain(request: Request, number: int, who: Identity = needs(Permission.ROUTING_WRITE)) -> Response:
        form, path = read_form(DomainEntry, request.state.form), f"/aliases/domains/{number}"
        with office.read() as session:
            shown = _found(session, MailDomain, number)
        if form.value is None:
            return domain_page(request, form, shown, path, 422)
        try:
            with office.write() as session:
                domain = _found(session, MailDomain, number)
                change_domain(session, domain, DomainForm(**form.value.model_dump()))
                audit(session, who, "domain.change", f"domain:{domain.name}", form.value.model_dump())
        except MailloomError as error:
            return domain_page(request, form.refused(error), shown, path, 422)
        return toolkit.done(request, path, _("Saved."))

    @router.post("/domains/{number}/remove")
    def drop_domain(request: Request, number: int, who: Identity = needs(Permission.ROUTING_WRITE)) -> Response:
        with office.write() as session:
            domain = _found(session, MailDomain, number)
            audit(session, who, "domain.remove", f"domain:{domain.name}")
            remove_domain(session, domain)
        return toolkit.done(request, "/aliases/domains", _("{name} is removed.", name=domain.shown))

    @router.get("/new", dependencies=[needs(Permission.ROUTING_WRITE)])
    def new_alias(request: Request) -> Response:
        return alias_page(request, show_form(models()), None, "/aliases/new")

    @router.post("/new")
    def make_alias(request: Request, who: Identity = needs(Permission.ROUTING_WRITE)) -> Response:
        form = read_form(models(), request.state.form)
        if form.value is None:
            return alias_page(request, form, None, "/aliases/new", 422)
        try:
            with office.write() as session:
                alias = add_alias(session, _entered(form.value, AliasForm(name="", model="")))
                audit(session, who, "alias.add", f"alias:{alias.address}", form.value.model_dump())
        except MailloomError as error:
            return alias_page(request, form.refused(error), None, "/aliases/new", 422)
        return toolkit.done(request, f"/aliases/{alias.id}", _("{name} takes mail now.", name=alias.address))

    @router.get("/{number}", dependencies=[needs(Permission.ROUTING_READ)])
    def show_alias(request: Request, number: int) -> Response:
        with office.read() as session:
            alias = _found(session, Alias, number)
            entry = _entry(models(), alias)
        return alias_page(request, show_form(models(), entry), alias, f"/aliases/{number}")

    @router.post("/{number}")
    def edit_alias(request: Request, number: int, who: Identity = needs(Permission.ROUTING_WRITE)) -> Response:
        form = read_form(models(), request.state.form)
        with office.read() as session:
            shown = _found(session, Alias, number)
        if form.value is None:
            return alias_page(request, form, shown, f"/aliases/{number}", 422)
        try:
            with office.write() as session:
                alias = _found(session, Alias, number)
                change_alias(session, alias, _entered(form.value, form_of(alias)))
                audit(session, who, "alias.change", f"alias:{alias.address}", form.value.model_dump())
        except MailloomError as error:
            return alias_page(request, form.refused(error), shown, f"/aliases/{number}", 422)
        return toolkit.done(request, f"/aliases/{number}", _("Saved."))

    @router.post("/{number}/remove")
    def drop_alias(request: Request, number: int, who: Identity = needs(Permission.ROUTING_WRITE)) -> Response:
        with office.write() as session:
            alias = _found(session, Alias, number)
            said = alias.address or str(number)
            audit(session, who, "alias.remove", f"alias:{said}")
            remove_alias(session, alias)
        return toolkit.done(request, "/aliases", _("{name} takes no mail any more.", name=said))

    return router


def _entry_model(office: Office) -> type[Any]:
    """The form with the models and domains there are now as choices."""
    with office.read() as session:
        domains = [domain.name for domain in all_domains(session)]
    kinds: Any = Literal[tuple(sorted(office.thread_models)) or ("",)]
    places: Any = Literal[tuple(domains) or ("",)]
    first = domains[0] if domains else ""
    where = create_model(
        "Where",
        __base__=AliasName,
        domain=(places, Field(first, title="Domain", description="What stands behind the @.")),
        model=(kinds, Field(title="Becomes", description="The kind of record its mail makes.")),
    )
    # Fields of the last base come first.
    return create_model("Entry", __base__=(AliasRules, where))


def _entry(model: type[Any], alias: Alias) -> Any:
    """As it stands; a model or domain that is gone is shown as the first choice."""
    values = {name: getattr(alias, name) for name in AliasRules.model_fields}
    known = {name: getattr(alias, name) or "" for name in ("name", "forced_record")}
    return model.model_construct(
        **{**values, **known, "model": alias.model, "domain": alias.domain.name if alias.domain else ""}
    )


def _entered(entry: Any, form: AliasForm) -> AliasForm:
    """What was entered over what the form does not show."""
    return replace(
        form,
        name=entry.name,
        domain=entry.domain,
        model=entry.model,
        defaults=entry.defaults,
        forced_record=entry.forced_record or None,
        policy=entry.policy,
        any_domain=entry.any_domain,
        machines=entry.machines,
        answer_text=entry.answer_text,
    )


def _found(session: Session, mapped: type[T], number: int) -> T:
    found = session.get(mapped, number) if 0 < number < 2**63 else None
    if found is None:
        raise NotFound(_("There is none with the number {number}.", number=number))
    return found
