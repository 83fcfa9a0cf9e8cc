"""`mailloom mailing`: make one, look at it, let it go, stop it, and see what became of it."""

from __future__ import annotations

import getpass
from pathlib import Path
from typing import Annotated

import typer
from sqlalchemy import select

from mailloom.api import Office
from mailloom.api.output import AsJson, print_json, print_records, say
from mailloom.errors import ConfigurationError
from mailloom.mail.address import normalise

from . import choosing, drafting, pausing, starting
from .commands_input import content_of, files_from, plan_of
from .commands_looking import add_looking
from .history import found
from .models import Mailing, MailingState, Standing, Winner

mailing = typer.Typer(help="Mailings: one mail to many.", no_args_is_help=True)

Number = Annotated[int, typer.Argument(metavar="ID", help="Id of the mailing.")]
Why = Annotated[str, typer.Option(help="The reason, for the log.")]
Lists = Annotated[list[str] | None, typer.Option("--list", help="Name of a list; may be given several times.")]
Model = Annotated[str, typer.Option(help="Records of this model instead of lists, such as helpdesk.ticket.")]
Filter = Annotated[str, typer.Option("--filter", help="Only those that fit: a filter as JSON, or @FILE.")]
Sender = Annotated[str, typer.Option("--from", help="From; without it the account's default.")]
ReplyTo = Annotated[str, typer.Option(help="Where answers go.")]
Account = Annotated[str, typer.Option(help="Outgoing account; without it the core chooses.")]
Subject = Annotated[str | None, typer.Option(help="Subject; may hold {{ names }}.")]
Html = Annotated[Path | None, typer.Option(help="File with the HTML.")]
Text = Annotated[Path | None, typer.Option(help="File with the plain text; made from the HTML without it.")]
Attach = Annotated[list[Path] | None, typer.Option(help="File for everybody; may be given several times.")]
Image = Annotated[
    list[str] | None, typer.Option(help='CID=FILE: an image that the HTML shows as src="cid:CID"; several times.')
]


def add_to(root: typer.Typer) -> None:
    add_looking(mailing)
    root.add_typer(mailing, name="mailing")


@mailing.command("list")
def list_mailings(
    context: typer.Context,
    state: Annotated[MailingState | None, typer.Option(help="Only those in this state.")] = None,
    as_json: AsJson = False,
) -> None:
    """The mailings, newest first."""
    office: Office = context.obj
    chosen = select(Mailing).order_by(Mailing.id.desc())
    with office.read() as session:
        rows = session.scalars(chosen if state is None else chosen.where(Mailing.state == state)).all()
    records = [
        {
            "id": row.id,
            "name": row.name,
            "state": row.state,
            "due": row.due,
            "started_at": row.started_at,
            "reason": row.reason,
        }
        for row in rows
    ]
    print_records(records, ("id", "name", "state", "due", "started_at", "reason"), as_json=as_json)


@mailing.command("add")
def add(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="What you call it.")],
    subject: Subject = None,
    html: Html = None,
    text: Text = None,
    lists: Lists = None,
    model: Model = "",
    filter_: Filter = "",
    sender: Sender = "",
    reply_to: ReplyTo = "",
    account: Account = "",
    attach: Attach = None,
    image: Image = None,
    second_subject: Annotated[str | None, typer.Option("--b-subject", help="Subject of a variant B.")] = None,
    second_html: Annotated[Path | None, typer.Option("--b-html", help="HTML of a variant B.")] = None,
    sample: Annotated[int, typer.Option(help="Percent who get the variants before a winner is chosen.")] = 100,
    winner_by: Annotated[Winner, typer.Option(help="What decides between the variants.")] = Winner.HAND,
    winner_hours: Annotated[int, typer.Option(help="Hours after the sample was sent.")] = 4,
    as_json: AsJson = False,
) -> None:
    """Make a draft."""
    office: Office = context.obj
    contents = [content_of(subject, html, text)]
    if second_subject or second_html:
        contents.append(content_of(second_subject or subject, second_html or html, text))
    with office.write() as session:
        plan = plan_of(
            session, name, lists or [], model, filter_,
            sender=sender, reply_to=reply_to, account=account, sample_percent=sample, winner_by=winner_by,
            winner_hours=winner_hours, files=files_from(attach or [], image or []),
        )  # fmt: skip
        made = drafting.create(session, plan, contents, actor=actor(), now=office.now())
        number = made.id
    _tell(number, f"Mailing {number} is a draft. Look at it: mailloom mailing preview {number}", as_json=as_json)


@mailing.command("edit")
def edit(
    context: typer.Context,
    number: Number,
    variant: Annotated[str, typer.Option(help="Label of the variant.")] = "A",
    subject: Subject = None,
    html: Html = None,
    text: Text = None,
    as_json: AsJson = False,
) -> None:
    """Change the words of a variant: of a draft, or of a mailing that is paused, for those who were not written to yet."""
    office: Office = context.obj
    with office.write() as session:
        current = next((one for one in drafting.variants_of(session, number) if one.label == variant), None)
        if current is None:
            found(session, number)
            raise ConfigurationError(f"Mailing {number} has no variant {variant!r}.")
        content = content_of(subject or current.subject, html, text, current)
        drafting.change_content(session, number, variant, content, actor=actor(), now=office.now())
    _tell(number, f"Variant {variant} of mailing {number} is changed.", as_json=as_json)


@mailing.command("schedule")
def schedule(
    context: typer.Context,
    number: Number,
    at: Annotated[str, typer.Argument(help="Such as '2026-03-01 09:00'; '' is at once.")],
    zone: Annotated[str, typer.Option(help="Time zone, such as Europe/Vienna.")] = "UTC",
    latest: Annotated[
        int | None, typer.Option(help="Begin only if at most so many hours late.", show_default=False)
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Set when a mailing begins; `start` lets it."""
    office: Office = context.obj
    with office.write() as session:
        due = starting.schedule(session, number, at, zone, latest, actor=actor(), now=office.now()).due
    _tell(number, f"Mailing {number} begins {f'{due:%Y-%m-%d %H:%M}' if due else 'at once'}.", as_json=as_json)


@mailing.command("start")
def start(
    context: typer.Context,
    number: Number,
    override: Annotated[str, typer.Option(help="Start although a check found faults, for this reason.")] = "",
    why: Why = "",
    as_json: AsJson = False,
) -> None:
    """Let a draft begin at its time."""
    office: Office = context.obj
    with office.write() as session:
        starting.start(session, office, number, actor=actor(), why=why, override=override)
    _tell(number, f"Mailing {number} is queued.", as_json=as_json)


@mailing.command("pause")
def pause(context: typer.Context, number: Number, why: Why = "by hand", as_json: AsJson = False) -> None:
    """Stop at once; what waits in the outbox is taken back."""
    office: Office = context.obj
    with office.write() as session:
        found(session, number)
        pausing.pause(session, number, actor=actor(), why=why, now=office.now())
    _tell(number, f"Mailing {number} is paused.", as_json=as_json)


@mailing.command("resume")
def resume(context: typer.Context, number: Number, why: Why = "by hand", as_json: AsJson = False) -> None:
    """Go on where it stopped: nobody twice, nobody forgotten."""
    office: Office = context.obj
    with office.write() as session:
        found(session, number)
        pausing.resume(session, number, actor=actor(), why=why, now=office.now())
    _tell(number, f"Mailing {number} goes on.", as_json=as_json)


@mailing.command("cancel")
def cancel(context: typer.Context, number: Number, why: Why = "by hand", as_json: AsJson = False) -> None:
    """End it for good."""
    office: Office = context.obj
    with office.write() as session:
        found(session, number)
        pausing.cancel(session, number, actor=actor(), why=why, now=office.now())
    _tell(number, f"Mailing {number} is cancelled.", as_json=as_json)


@mailing.command("skip")
def skip(
    context: typer.Context,
    number: Number,
    address: Annotated[str, typer.Argument(help="Whose mail shall not go out.")],
    why: Why = "by hand",
    as_json: AsJson = False,
) -> None:
    """Leave out one recipient who still waits, such as one whose mail cannot be written."""
    office: Office = context.obj
    with office.write() as session:
        found(session, number)
        pausing.skip(session, number, normalise(address), actor=actor(), why=why, now=office.now())
    _tell(number, f"{address} is left out of mailing {number}.", as_json=as_json)


@mailing.command("retry")
def retry(
    context: typer.Context,
    number: Number,
    state: Annotated[
        list[Standing] | None, typer.Option(help="Whom: failed, soft, policy or uncertain (may arrive twice).")
    ] = None,
    why: Why = "by hand",
    as_json: AsJson = False,
) -> None:
    """Try those once more whose mail failed."""
    office: Office = context.obj
    wanted = tuple(state or (Standing.FAILED,))
    allowed = {Standing.FAILED, Standing.SOFT, Standing.POLICY, Standing.UNCERTAIN}
    if not allowed.issuperset(wanted):
        raise ConfigurationError("Only failed, soft, policy and uncertain mails can be tried once more.")
    with office.write() as session:
        found(session, number)
        count = pausing.retry(session, number, wanted, actor=actor(), why=why, now=office.now())
    if as_json:
        print_json({"mailing": number, "retried": count})
    else:
        say(f"{count} recipients are tried once more.")


@mailing.command("winner")
def winner(
    context: typer.Context,
    number: Number,
    label: Annotated[str, typer.Argument(help="Label of the variant that all others get.")],
    why: Why = "",
    as_json: AsJson = False,
) -> None:
    """Choose between the variants by hand."""
    office: Office = context.obj
    with office.write() as session:
        choosing.choose_by_hand(session, number, label, actor=actor(), why=why, now=office.now())
    _tell(number, f"Everybody else gets variant {label}.", as_json=as_json)


def actor() -> str:
    """Who types."""
    try:
        return f"command line ({getpass.getuser()})"
    except (KeyError, OSError):
        return "command line"


def _tell(number: int, sentence: str, *, as_json: bool) -> None:
    if as_json:
        print_json({"mailing": number, "done": sentence})
    else:
        say(sentence)
