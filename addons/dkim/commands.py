"""`mailloom dkim`: keys, their records, their rotation."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any

import typer
from sqlalchemy import select

from mailloom.api import Office
from mailloom.api.output import AsJson, print_records, say
from mailloom.errors import NotFound
from mailloom.mail.dkim_keys import KeyKind, zone_value

from .models import DkimKey, KeyState
from .rotating import add_key, advance, domain_name, rotate, steps_of

dkim = typer.Typer(help="Keys that sign outgoing mail.", no_args_is_help=True)

Domain = Annotated[str, typer.Argument(help="The domain of From.")]


class Kinds(StrEnum):
    RSA = "rsa"
    ED25519 = "ed25519"
    BOTH = "both"


_KINDS = {Kinds.RSA: [KeyKind.RSA], Kinds.ED25519: [KeyKind.ED25519], Kinds.BOTH: list(KeyKind)}


@dkim.command("list")
def list_keys(
    context: typer.Context,
    domain: Annotated[str, typer.Option(help="Only keys of this domain.")] = "",
    steps: Annotated[bool, typer.Option("--steps", help="Show what happened to each key.")] = False,
    as_json: AsJson = False,
) -> None:
    """All keys with their state."""
    office: Office = context.obj
    with office.read() as session:
        keys = list(session.scalars(_chosen(domain)))
        taken = steps_of(session, keys)
        rows = [
            _row(key) | {"steps": [f"{step.at:%Y-%m-%d %H:%M} {step.text}" for step in taken[key.id]]} for key in keys
        ]
    columns = ["domain", "selector", "kind", "state", "signing_since", "checked", "finding"]
    print_records(rows, [*columns, "steps"] if steps else columns, as_json=as_json)


@dkim.command("create")
def create(
    context: typer.Context,
    domain: Domain,
    kind: Annotated[Kinds, typer.Option(help="RSA is read by everybody; both makes a second signature.")] = Kinds.RSA,
    as_json: AsJson = False,
) -> None:
    """Make a key and print the record to publish; it signs once it was seen in the DNS."""
    office: Office = context.obj
    with office.write() as session:
        rows = [_record(add_key(session, office, domain_name(domain), each)) for each in _KINDS[kind]]
    _print_records(rows, as_json=as_json)


@dkim.command("rotate")
def rotate_keys(context: typer.Context, domain: Domain, as_json: AsJson = False) -> None:
    """Make the next keys of a domain; they take over by themselves once they were published long enough."""
    office: Office = context.obj
    with office.write() as session:
        rows = [_record(key) for key in rotate(session, office, domain_name(domain))]
    _print_records(rows, as_json=as_json)


@dkim.command("record")
def record(context: typer.Context, domain: Domain, as_json: AsJson = False) -> None:
    """The records that have to stand in the domain's zone now."""
    office: Office = context.obj
    with office.read() as session:
        rows = [_record(key) for key in session.scalars(_chosen(domain))]
    if not rows:
        raise NotFound(f"There are no keys of {domain}.", remedy=f"Make one: mailloom dkim create {domain}")
    _print_records(rows, as_json=as_json)


@dkim.command("check")
def check(
    context: typer.Context,
    domain: Annotated[str, typer.Argument(help="Only keys of this domain.")] = "",
    as_json: AsJson = False,
) -> None:
    """Look into the DNS now, and take the steps that are due."""
    office: Office = context.obj
    taken = advance(office, domain_name(domain) if domain else None)
    with office.read() as session:
        rows = [_row(key) for key in session.scalars(_chosen(domain))]
    print_records(rows, ["domain", "selector", "kind", "state", "finding"], as_json=as_json)
    if not as_json:
        for step in taken:
            say(step)


def _chosen(domain: str) -> Any:
    chosen = select(DkimKey).order_by(DkimKey.domain, DkimKey.id)
    return chosen.where(DkimKey.domain == domain_name(domain)) if domain else chosen


def _row(key: DkimKey) -> dict[str, Any]:
    return {
        "domain": key.domain,
        "selector": key.selector,
        "kind": key.kind,
        "state": key.state,
        "made": key.created_at,
        "signing_since": key.signing_at,
        "seen_since": key.seen_at,
        "checked": key.checked_at,
        "finding": key.finding or "not looked for yet",
    }


def _record(key: DkimKey) -> dict[str, Any]:
    revoked = key.state is KeyState.REVOKED
    value = f"v=DKIM1; k={key.kind}; p=" if revoked else key.record
    return {
        "name": key.name,
        "type": "TXT",
        "ttl": 3600,
        "value": value,
        "zone_value": zone_value(value),
        "state": key.state,
    }


def _print_records(rows: list[dict[str, Any]], *, as_json: bool) -> None:
    """For people in lines that can be copied: tables would break the value."""
    if as_json:
        print_records(rows, [], as_json=True)
        return
    for row in rows:
        say(f"Name   {row['name']}   ({row['state']})")
        say(f"Value  {row['value']}")
        say(f"Zone   {row['name']}. {row['ttl']} IN TXT {row['zone_value']}")
        say("")
