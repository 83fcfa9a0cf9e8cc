"""`mailloom deliverability`: how sending domains stand, and what people decide about them."""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum
from getpass import getuser
from typing import Annotated, Any

import typer
from sqlalchemy import select

from mailloom.api import Draft, Office, Purpose, Recipient
from mailloom.api.checks import Severity
from mailloom.api.output import AsJson, print_json, print_records, say
from mailloom.api.settings import CoreSettings
from mailloom.errors import NotFound
from mailloom.store.domains import domain_or_first

from .checking import DomainReport, check_domain, domain_name, last_report
from .deciding import add_selector, published_hosts, remove_selector, set_policy
from .findings import txt
from .handover import handover_text, subject
from .loop import one_address
from .models import DomainChange, Mode, Override, PolicyMode, SendingDomain
from .modes import DESCRIPTIONS, choose_mode, describe
from .permitting import end_override, override, overrides, why_blocked
from .routes import PATH
from .showing import readiness_lines, record_lines, summary
from .situation import sending_domains

deliverability = typer.Typer(
    help="Whether mail of our domains arrives, and what was decided about them.", no_args_is_help=True
)

Domain = Annotated[str, typer.Argument(help="The domain of From.")]


class PolicyChoice(StrEnum):
    TESTING = "testing"
    ENFORCE = "enforce"
    NONE = "none"
    OFF = "off"


@deliverability.command("list")
def list_domains(context: typer.Context, as_json: AsJson = False) -> None:
    """All sending domains with their last look."""
    office: Office = context.obj
    with office.read() as session:
        rows = [
            _row(domain, last_report(session, domain), session.get(SendingDomain, domain))
            for domain in sending_domains(session)
        ]
    print_records(rows, ["domain", "mode", "looked_at", "state", "summary"], as_json=as_json)


@deliverability.command("readiness")
def show_readiness(
    context: typer.Context,
    name: Domain,
    per_day: Annotated[int, typer.Option(min=1, help="Mails a day that are planned.")] = 5000,
    as_json: AsJson = False,
) -> None:
    """What large receivers demand and how the domain stands, by its last look; exit code 1 when such a mailing is held back."""
    office: Office = context.obj
    wanted = domain_name(name)
    with office.read() as session:
        report = last_report(session, wanted)
        blocked = why_blocked(session, wanted, per_day)
    if as_json:
        print_json(
            {"domain": wanted, "per_day": per_day, "blocked": blocked, "rows": report.readiness if report else []}
        )
    else:
        for line in readiness_lines(report.readiness if report else ()):
            say(line)
        say(blocked or f"A mailing of {per_day} mails a day may go out from {wanted}.")
    if blocked:
        raise typer.Exit(1)


@deliverability.command("changes")
def show_changes(context: typer.Context, name: Domain, as_json: AsJson = False) -> None:
    """What became worse or better between looks, newest first."""
    office: Office = context.obj
    chosen = (
        select(DomainChange).where(DomainChange.domain == domain_name(name)).order_by(DomainChange.id.desc()).limit(200)
    )
    with office.read() as session:
        rows = [{"at": each.at, "worse": each.worse, "text": each.text} for each in session.scalars(chosen)]
    print_records(rows, ["at", "worse", "text"], as_json=as_json)


@deliverability.command("selector")
def selector(
    context: typer.Context,
    name: Domain,
    selector: Annotated[str, typer.Argument(help="The word before ._domainkey in the record's name.")],
    remove: Annotated[bool, typer.Option("--remove", help="Forget it.")] = False,
    as_json: AsJson = False,
) -> None:
    """Name a DKIM selector of the domain's provider, so that its key is looked at."""
    office: Office = context.obj
    with office.write() as session:
        row = (remove_selector if remove else add_selector)(session, office, domain_name(name), selector)
        said = {"domain": row.domain, "selectors": row.selectors}
    _say(said, f"Selectors of {said['domain']}: {', '.join(said['selectors']) or 'none'}", as_json=as_json)


@deliverability.command("modes")
def modes(as_json: AsJson = False) -> None:
    """The three ways in which a customer's mail can go out, with what follows from each."""
    if as_json:
        print_json(DESCRIPTIONS)
        return
    for each in DESCRIPTIONS:
        say(f"{each.mode}: {each.title}. {each.summary}")
        for line in each.consequences:
            say(f"    {line}")


@deliverability.command("mode")
def mode(
    context: typer.Context,
    name: Domain,
    choice: Annotated[Mode | None, typer.Argument(help="The mode; blank: show the one chosen.")] = None,
    as_json: AsJson = False,
) -> None:
    """Choose or show how mail of a domain goes out, and what follows from that."""
    office: Office = context.obj
    wanted = domain_name(name)
    if choice is not None:
        with office.write() as session:
            choose_mode(session, office, wanted, choice)
    with office.read() as session:
        row = session.get(SendingDomain, wanted)
        chosen = row.mode if row else None
    if chosen is None:
        raise NotFound(f"No mode was chosen for {wanted}.", remedy="See: mailloom deliverability modes")
    described = describe(chosen)
    if as_json:
        print_json({"domain": wanted, "mode": chosen, "title": described.title, "consequences": described.consequences})
        return
    say(f"{wanted}: {described.title}.")
    for line in described.consequences:
        say(f"    {line}")


@deliverability.command("handover")
def handover(
    context: typer.Context,
    name: Domain,
    to: Annotated[str, typer.Option(help="Send the text as a mail to this address instead of printing it.")] = "",
    as_json: AsJson = False,
) -> None:
    """The ready-made text for the IT department: which records to publish for our mail, and why."""
    office: Office = context.obj
    wanted = domain_name(name)
    core = office.settings("core")
    assert isinstance(core, CoreSettings)
    text = handover_text(check_domain(office, wanted), organisation=core.organisation)
    if not to:
        _say({"domain": wanted, "text": text}, text.rstrip("\n"), as_json=as_json)
        return
    with office.write() as session:
        first = domain_or_first(session, None)
        draft = Draft(
            sender=one_address(first.from_address, "the sender") if first else None,
            recipients=[Recipient(address=one_address(to, "--to"))],
            subject=subject(wanted),
            text=text,
            purpose=Purpose.TRANSACTIONAL,
        )
        queued = office.enqueue(session, draft)
    _say({"domain": wanted, "to": to, "message": queued.message_id}, f"Queued for {to}.", as_json=as_json)


@deliverability.command("mta-sts")
def mta_sts(
    context: typer.Context,
    name: Domain,
    choice: Annotated[PolicyChoice, typer.Argument(help="testing, enforce, none (an earlier policy is over), or off.")],
    mx: Annotated[list[str] | None, typer.Option(help="A host of the policy; blank: those of the domain's MX.")] = None,
    as_json: AsJson = False,
) -> None:
    """Serve an MTA-STS policy for a domain at https://mta-sts.DOMAIN, and print the record that announces it."""
    office: Office = context.obj
    wanted = domain_name(name)
    chosen = None if choice is PolicyChoice.OFF else PolicyMode(choice.value)
    hosts = mx or (published_hosts(office, wanted) if chosen in (PolicyMode.TESTING, PolicyMode.ENFORCE) else [])
    with office.write() as session:
        row = set_policy(session, office, wanted, chosen, hosts)
        record = txt(f"_mta-sts.{wanted}", f"v=STSv1; id={row.policy_id}")
        said = {"domain": wanted, "mode": row.policy_mode, "hosts": row.policy_hosts, "record": record}
    if as_json:
        print_json(said)
    elif chosen is None:
        say(f"No policy is served for {wanted} any more. Remove the record _mta-sts.{wanted}.")
    else:
        say(f"Served to https://mta-sts.{wanted}{PATH}: let that name lead to our web face, then publish:")
        for line in record_lines(record):
            say(line)


@deliverability.command("override")
def make_override(
    context: typer.Context,
    name: Domain,
    reason: Annotated[str, typer.Option(help="Why big mailings may go out all the same; kept for good.")] = "",
    days: Annotated[float, typer.Option(help="For how long.")] = 1.0,
    by: Annotated[str, typer.Option(help="Who decides; blank: the user of this machine.")] = "",
    end: Annotated[bool, typer.Option("--end", help="End the override that holds.")] = False,
    as_json: AsJson = False,
) -> None:
    """Let big mailings of a domain go out in spite of red items, for a while and with a reason."""
    office: Office = context.obj
    wanted = domain_name(name)
    with office.write() as session:
        if end:
            end_override(session, office, wanted)
        else:
            override(session, office, wanted, reason=reason, by=by or getuser(), lasts=timedelta(days=days))
        rows = [_override(each) for each in overrides(session, wanted)]
    print_records(rows, ["since", "until", "undone_at", "by", "reason"], as_json=as_json)


def _override(row: Override) -> dict[str, Any]:
    return {"since": row.since, "until": row.until, "undone_at": row.undone_at, "by": row.by, "reason": row.reason}


def _row(domain: str, report: DomainReport | None, row: SendingDomain | None) -> dict[str, Any]:
    return {
        "domain": domain,
        "mode": row.mode if row else None,
        "looked_at": report.at if report else None,
        "state": report.severity if report else Severity.UNKNOWN,
        "summary": summary(report) if report else "never looked at",
    }


def _say(said: dict[str, Any], text: str, *, as_json: bool) -> None:
    if as_json:
        print_json(said)
    else:
        for line in text.splitlines():
            say(line)
