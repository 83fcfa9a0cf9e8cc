"""`mailloom aliases` and `mailloom domains`."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Annotated, Any

import typer
from sqlalchemy import select

from mailloom.api import Office
from mailloom.api.output import AsJson, print_records, say
from mailloom.errors import ConfigurationError
from mailloom.store.domains import MailDomain, all_domains

from .domains import DomainForm, add_domain, change_domain, remove_domain
from .managing import AliasForm, add_alias, change_alias, find_alias, find_domain, form_of, remove_alias
from .models import Alias, ContactPolicy

aliases = typer.Typer(help="Addresses of ours that take mail.", no_args_is_help=True)
domains = typer.Typer(help="Mail domains of ours.", no_args_is_help=True)

Defaults = Annotated[
    list[str] | None, typer.Option("--default", help="FIELD=VALUE for each record it makes; VALUE may be JSON.")
]
Force = Annotated[str | None, typer.Option("--record", help="Append to this record instead of making new ones.")]
Parent = Annotated[str | None, typer.Option("--parent", help="MODEL:RECORD whose followers may write.")]
Policy = Annotated[ContactPolicy, typer.Option(help="Who may write.")]
Everywhere = Annotated[
    bool, typer.Option("--any-domain/--this-domain", help="Match the local part in every allowed domain.")
]
Machines = Annotated[bool, typer.Option("--machines/--no-machines", help="Take mail that programs send unasked.")]
AnswerText = Annotated[str, typer.Option("--answer-text", help="Told to those whom the policy refuses.")]
Owner = Annotated[int | None, typer.Option("--owner", help="Contact who is told when the alias breaks.")]


def add_to(root: typer.Typer) -> None:
    root.add_typer(aliases, name="aliases")
    root.add_typer(domains, name="domains")


@aliases.command("list")
def list_aliases(context: typer.Context, as_json: AsJson = False) -> None:
    """Every alias, where its mail goes, and whether it works."""
    office: Office = context.obj
    with office.read() as session:
        rows = [_alias_row(alias) for alias in session.scalars(select(Alias).order_by(Alias.name, Alias.id))]
    print_records(rows, ["alias", "model", "record", "policy", "status", "reason"], as_json=as_json)


@aliases.command("add")
def add(
    context: typer.Context,
    address: Annotated[str, typer.Argument(help="NAME or NAME@DOMAIN.")],
    model: Annotated[str, typer.Argument(help="Model whose records it makes, such as helpdesk.ticket.")],
    default: Defaults = None,
    record: Force = None,
    parent: Parent = None,
    policy: Policy = ContactPolicy.EVERYONE,
    any_domain: Everywhere = False,
    machines: Machines = True,
    answer_text: AnswerText = "",
    owner: Owner = None,
) -> None:
    """Make an alias."""
    office: Office = context.obj
    form = _form(address, model, default, record, parent, policy, any_domain, machines, answer_text, owner)
    _warn_if_unprovable(form)
    with office.write() as session:
        say(f"{add_alias(session, form).address or form.name} → {model}")


@aliases.command("edit")
def edit(
    context: typer.Context,
    address: Annotated[str, typer.Argument(help="The alias as it is now.")],
    name: Annotated[str, typer.Option(help="NAME or NAME@DOMAIN from now on.")] = "",
    model: Annotated[str, typer.Option(help="Model whose records it makes from now on.")] = "",
    default: Defaults = None,
    record: Force = None,
    policy: Annotated[ContactPolicy | None, typer.Option(help="Who may write.")] = None,
    answer_text: Annotated[
        str | None, typer.Option("--answer-text", help="Told to those whom the policy refuses.")
    ] = None,
) -> None:
    """Change an alias; what is not given stays."""
    office: Office = context.obj
    with office.write() as session:
        alias = find_alias(session, address)
        form = form_of(alias)
        if name:
            local, _, domain = name.partition("@")
            form = replace(form, name=local, domain=domain or form.domain)
        if default is not None:
            form = replace(form, defaults=_defaults(default))
        form = replace(
            form,
            model=model or form.model,
            forced_record=record if record is not None else form.forced_record,
            policy=policy or form.policy,
            answer_text=form.answer_text if answer_text is None else answer_text,
        )
        _warn_if_unprovable(form)
        say(f"{change_alias(session, alias, form).address} → {alias.model}")


@aliases.command("remove")
def remove(context: typer.Context, address: str) -> None:
    """Remove an alias; the records it made stay."""
    office: Office = context.obj
    with office.write() as session:
        remove_alias(session, find_alias(session, address))
    say(f"{address} is removed.")


@domains.command("list")
def list_domains(context: typer.Context, as_json: AsJson = False) -> None:
    """Every mail domain; the first one serves those that have none."""
    office: Office = context.obj
    with office.read() as session:
        rows = [_domain_row(domain) for domain in all_domains(session)]
    print_records(rows, ["domain", "catchall", "bounce", "default_from", "contact", "plus_addresses"], as_json=as_json)


@domains.command("add")
def add_one_domain(
    context: typer.Context,
    name: str,
    catchall: Annotated[str, typer.Option(help="Local part that answers come back to.")] = "catchall",
    bounce: Annotated[str, typer.Option(help="Local part that bounces come back to.")] = "bounce",
    default_from: Annotated[
        str, typer.Option(help="Local part or address of mail without an author.")
    ] = "notifications",
    contact: Annotated[str, typer.Option(help="Address that automatic answers name for help.")] = "",
    plus_addresses: Annotated[bool, typer.Option(help="Whether mail to catchall+token@ arrives.")] = True,
) -> None:
    """Make a mail domain."""
    office: Office = context.obj
    form = DomainForm(
        name=name,
        catchall=catchall,
        bounce=bounce,
        default_from=default_from,
        contact=contact,
        plus_addresses=plus_addresses,
    )
    with office.write() as session:
        domain = add_domain(session, form)
        say(f"{domain.shown}: catchall {domain.catchall_address}, bounces {domain.bounce_address}")


@domains.command("edit")
def edit_domain(
    context: typer.Context,
    name: str,
    catchall: str = "",
    bounce: str = "",
    default_from: str = "",
    contact: str | None = None,
    plus_addresses: bool | None = None,
    sequence: Annotated[int | None, typer.Option(help="Place among the domains; the lowest is the first.")] = None,
) -> None:
    """Change a mail domain; what is not given stays."""
    office: Office = context.obj
    with office.write() as session:
        domain = find_domain(session, name)
        assert domain is not None
        change_domain(
            session,
            domain,
            DomainForm(
                name=domain.shown,
                catchall=catchall or domain.catchall,
                bounce=bounce or domain.bounce,
                default_from=default_from or domain.default_from,
                contact=domain.contact if contact is None else contact,
                plus_addresses=domain.plus_addresses if plus_addresses is None else plus_addresses,
                sequence=sequence,
            ),
        )
    say(f"{name} is changed.")


@domains.command("remove")
def remove_one_domain(context: typer.Context, name: str) -> None:
    """Remove a mail domain that nothing uses."""
    office: Office = context.obj
    with office.write() as session:
        domain = find_domain(session, name)
        assert domain is not None
        remove_domain(session, domain)
    say(f"{name} is removed.")


def _form(
    address: str,
    model: str,
    default: list[str] | None,
    record: str | None,
    parent: str | None,
    policy: ContactPolicy,
    any_domain: bool,
    machines: bool,
    answer_text: str,
    owner: int | None,
) -> AliasForm:
    name, _, domain = address.partition("@")
    parent_model, _, parent_record = (parent or "").partition(":")
    return AliasForm(
        name=name,
        domain=domain,
        model=model,
        defaults=_defaults(default or []),
        forced_record=record,
        parent_model=parent_model or None,
        parent_record=parent_record or None,
        policy=policy,
        any_domain=any_domain,
        machines=machines,
        answer_text=answer_text,
        owner_contact_id=owner,
    )


def _defaults(pairs: list[str]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for pair in pairs:
        field, equals, text = pair.partition("=")
        if not equals or not field:
            raise ConfigurationError(f"{pair!r} is no default value.", remedy="Write FIELD=VALUE.")
        try:
            found[field] = json.loads(text)
        except json.JSONDecodeError:
            found[field] = text
    return found


def _warn_if_unprovable(form: AliasForm) -> None:
    if form.policy is ContactPolicy.AUTHENTICATED:
        typer.echo(
            "Note: accounts that neither trust a receiver's Authentication-Results nor check by themselves park all mail to this alias.",
            err=True,
        )


def _alias_row(alias: Alias) -> dict[str, Any]:
    return {
        "alias": alias.address or alias.name or "(no name)",
        "model": alias.model,
        "record": alias.forced_record or "new",
        "policy": alias.policy.value,
        "status": alias.status.value,
        "reason": alias.status_reason,
    }


def _domain_row(domain: MailDomain) -> dict[str, Any]:
    return {
        "domain": domain.shown,
        "catchall": domain.catchall_address,
        "bounce": domain.bounce_address,
        "default_from": domain.from_address,
        "contact": domain.contact,
        "plus_addresses": domain.plus_addresses,
    }
