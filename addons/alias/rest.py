"""/aliases and /domains below /api/v1: addresses of ours, where their mail goes, and the mail domains they are in."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any

from pydantic import BaseModel, Field
from sqlalchemy import select
from sqlalchemy.orm import Session

from mailloom.api.access import Permission
from mailloom.api.audit import audit
from mailloom.api.rest_routes import (
    LARGEST_ID,
    Body,
    Caller,
    HereOffice,
    Name,
    Page,
    Paged,
    RowNumber,
    api_router,
    needs,
    page_of,
    page_of_all,
)
from mailloom.errors import NotFound
from mailloom.store.domains import MailDomain, all_domains

from .domains import DomainForm, add_domain, change_domain, remove_domain
from .managing import AliasForm, add_alias, change_alias, find_domain, form_of, remove_alias
from .models import Alias, AliasStatus, ContactPolicy

router = api_router(tags=["routing"])
READ, WRITE = [needs(Permission.ROUTING_READ)], [needs(Permission.ROUTING_WRITE)]

Record = Annotated[str, Field(max_length=64)]


class AliasShown(BaseModel):
    id: int
    address: str = Field(description="'' while it has no name or no domain.")
    name: str
    domain: str
    model: str
    defaults: dict[str, Any]
    forced_record: str | None
    parent_model: str | None
    parent_record: str | None
    policy: ContactPolicy
    any_domain: bool
    machines: bool
    answer_text: str
    owner_contact_id: int | None
    status: AliasStatus
    status_reason: str
    created_at: datetime


class NewAlias(Body):
    name: str = Field(max_length=64, description="Local part.")
    domain: str = Field("", max_length=253, description="'': the first domain.")
    model: str = Field(max_length=64, description="Whose records it makes.")
    defaults: dict[str, Any] = Field(default_factory=dict, description="Fields of each record that it makes.")
    forced_record: Record | None = Field(None, description="Append to this record instead of making new ones.")
    parent_model: Record | None = None
    parent_record: Record | None = Field(None, description="The record whose followers may write.")
    policy: ContactPolicy = ContactPolicy.EVERYONE
    any_domain: bool = Field(False, description="Match the local part in every allowed domain.")
    machines: bool = Field(True, description="Take mail that programs send unasked.")
    answer_text: str = Field("", max_length=20_000, description="Told to those whom the policy refuses.")
    owner_contact_id: int | None = Field(None, ge=1, le=LARGEST_ID)


class AliasChange(Body):
    """What is left out stays; null empties what may be empty."""

    name: str = Field("", max_length=64)
    domain: str = Field("", max_length=253)
    model: str = Field("", max_length=64)
    defaults: dict[str, Any] = Field(default_factory=dict)
    forced_record: Record | None = None
    parent_model: Record | None = None
    parent_record: Record | None = None
    policy: ContactPolicy = ContactPolicy.EVERYONE
    any_domain: bool = False
    machines: bool = True
    answer_text: str = Field("", max_length=20_000)
    owner_contact_id: int | None = Field(None, ge=1, le=LARGEST_ID)


class DomainShown(BaseModel):
    name: str
    shown: str
    sequence: int = Field(description="The lowest is the first one, which serves all that have none.")
    catchall: str
    bounce: str
    default_from: str
    contact: str
    plus_addresses: bool


class DomainFields(Body):
    catchall: str = Field("catchall", max_length=64, description="Local part that answers come back to.")
    bounce: str = Field("bounce", max_length=64, description="Local part that bounces come back to.")
    default_from: str = Field("notifications", max_length=320, description="Local part, or a whole address.")
    contact: str = Field("", max_length=320, description="Address that automatic answers name for help.")
    plus_addresses: bool = Field(True, description="Whether mail to catchall+token@ arrives.")
    sequence: int | None = Field(None, ge=0, le=1_000_000)


class NewDomain(DomainFields):
    name: str = Field(max_length=253)


@router.get("/aliases", dependencies=READ)
def list_aliases(office: HereOffice, paging: Paged) -> Page[AliasShown]:
    with office.read() as session:
        return page_of(session, select(Alias), Alias.id, paging, _shown)


@router.post("/aliases", dependencies=WRITE, status_code=201)
def make_alias(office: HereOffice, body: NewAlias, caller: Caller) -> AliasShown:
    with office.write() as session:
        alias = add_alias(session, AliasForm(**body.model_dump()))
        audit(session, caller, "alias.add", f"alias:{alias.address}", {"model": body.model})
        return _shown(alias)


@router.get("/aliases/{alias_id}", dependencies=READ)
def show_alias(office: HereOffice, alias_id: RowNumber) -> AliasShown:
    with office.read() as session:
        return _shown(_found(session, alias_id))


@router.patch("/aliases/{alias_id}", dependencies=WRITE)
def edit_alias(office: HereOffice, alias_id: RowNumber, body: AliasChange, caller: Caller) -> AliasShown:
    """It counts as not tested again."""
    changes = body.model_dump(exclude_unset=True)
    with office.write() as session:
        alias = _found(session, alias_id)
        change_alias(session, alias, _with(form_of(alias), changes))
        audit(session, caller, "alias.change", f"alias:{alias.address}", changes)
        return _shown(alias)


@router.delete("/aliases/{alias_id}", dependencies=WRITE, status_code=204)
def drop_alias(office: HereOffice, alias_id: RowNumber, caller: Caller) -> None:
    """The records it made stay."""
    with office.write() as session:
        alias = _found(session, alias_id)
        audit(session, caller, "alias.remove", f"alias:{alias.address}")
        remove_alias(session, alias)


@router.get("/domains", dependencies=READ)
def list_domains(office: HereOffice) -> Page[DomainShown]:
    """In order; the first serves those that have none."""
    with office.read() as session:
        return page_of_all(_domain(each) for each in all_domains(session))


@router.post("/domains", dependencies=WRITE, status_code=201)
def make_domain(office: HereOffice, body: NewDomain, caller: Caller) -> DomainShown:
    with office.write() as session:
        domain = add_domain(session, DomainForm(**body.model_dump()))
        audit(session, caller, "domain.add", f"domain:{domain.name}")
        return _domain(domain)


@router.patch("/domains/{name}", dependencies=WRITE)
def edit_domain(office: HereOffice, name: Name, body: DomainFields, caller: Caller) -> DomainShown:
    """What is left out stays."""
    changes = body.model_dump(exclude_unset=True)
    with office.write() as session:
        domain = _found_domain(session, name)
        kept = {field: getattr(domain, field) for field in DomainFields.model_fields}
        change_domain(session, domain, DomainForm(name=domain.shown, **{**kept, **changes}))
        audit(session, caller, "domain.change", f"domain:{domain.name}", changes)
        return _domain(domain)


@router.delete("/domains/{name}", dependencies=WRITE, status_code=204)
def drop_domain(office: HereOffice, name: Name, caller: Caller) -> None:
    """Refused while an alias or a conversation uses it."""
    with office.write() as session:
        domain = _found_domain(session, name)
        audit(session, caller, "domain.remove", f"domain:{domain.name}")
        remove_domain(session, domain)


def _with(form: AliasForm, changes: Mapping[str, Any]) -> AliasForm:
    kept = {field: getattr(form, field) for field in AliasForm.__dataclass_fields__}
    return AliasForm(**{**kept, **changes})


def _found(session: Session, alias_id: int) -> Alias:
    alias = session.get(Alias, alias_id)
    if alias is None:
        raise NotFound(f"There is no alias {alias_id}.", remedy="List them at /aliases.")
    return alias


def _found_domain(session: Session, name: str) -> MailDomain:
    domain = find_domain(session, name)
    assert domain is not None
    return domain


def _shown(alias: Alias) -> AliasShown:
    form = form_of(alias)
    return AliasShown(
        id=alias.id,
        address=alias.address,
        status=alias.status,
        status_reason=alias.status_reason,
        created_at=alias.created_at,
        **{field: getattr(form, field) for field in AliasForm.__dataclass_fields__},
    )


def _domain(domain: MailDomain) -> DomainShown:
    return DomainShown(**{field: getattr(domain, field) for field in DomainShown.model_fields})
