"""Every hook an addon may implement. docs/hooks.md documents each with this signature; `test_hook_<name>` shows each at work.

All are synchronous; an `async def` implementation is refused when the addon is loaded. Three manners:
*collect* returns objects, which are joined in dependency order; *first answer wins* asks dependents before what they depend on, and None means
"no opinion"; *each* is called for every addon in dependency order. Observers are fenced: what they raise is logged with the addon's name and
goes no further.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import pluggy

if TYPE_CHECKING:
    import typer
    from jinja2 import Environment
    from pydantic import BaseModel
    from sqlalchemy.orm import Session

    from mailloom.api.checks import Check
    from mailloom.api.composing import Composer, Decoration
    from mailloom.api.drafts import Denial, Draft, Envelope, Purpose, Recipient
    from mailloom.api.jobs import Job
    from mailloom.api.office import Office
    from mailloom.api.persons import Topic
    from mailloom.api.presets import Discovery, Preset
    from mailloom.api.probing import Explanation
    from mailloom.api.receiving import SourceKind
    from mailloom.api.recorded import Remark, Settled
    from mailloom.api.rest import ApiRoutes
    from mailloom.api.routing import Incoming, Router, SenderVerdict
    from mailloom.api.sending import TransportKind
    from mailloom.api.services import Service
    from mailloom.api.threads import ThreadModel
    from mailloom.api.web import AccountPanel, MenuEntry, Pages, Routes, SetupStep
    from mailloom.api.webhooks import ProviderEvent, Webhook
    from mailloom.mail.message import Message as Mail
    from mailloom.mail.reply import Reply as VisibleReply
    from mailloom.mail.report import Report
    from mailloom.store.messages import Message
    from mailloom.store.outbox import Delivery
    from mailloom.store.threads import Thread

PROJECT = "mailloom"
hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


# --- collect ---------------------------------------------------------------------------------------------------------------------------


@hookspec
def register_settings() -> type[BaseModel]:  # type: ignore[empty-body]  # a specification has no body; so for all below
    """The addon's settings model; every field needs a default and a description."""


@hookspec
def register_transports() -> Sequence[TransportKind]:  # type: ignore[empty-body]
    """Kinds of outgoing servers."""


@hookspec
def register_sources() -> Sequence[SourceKind]:  # type: ignore[empty-body]
    """Kinds of incoming servers."""


@hookspec
def register_presets() -> Sequence[Preset]:  # type: ignore[empty-body]
    """Providers whose servers, logins and limits are known beforehand."""


@hookspec
def register_routers() -> Sequence[Router]:  # type: ignore[empty-body]
    """Rows of the routing table."""


@hookspec
def register_thread_models() -> Sequence[ThreadModel]:  # type: ignore[empty-body]
    """Business objects that mail can create and append to."""


@hookspec
def register_webhooks() -> Sequence[Webhook]:  # type: ignore[empty-body]
    """Provider webhooks whose verified calls become delivery events."""


@hookspec
def register_routes() -> Sequence[Routes]:  # type: ignore[empty-body]
    """Pages of the public web face."""


@hookspec
def register_pages() -> Sequence[Pages]:  # type: ignore[empty-body]
    """Pages of the administrators' web face."""


@hookspec
def register_menu() -> Sequence[MenuEntry]:  # type: ignore[empty-body]
    """Lines of its sidebar."""


@hookspec
def register_account_panels() -> Sequence[AccountPanel]:  # type: ignore[empty-body]
    """Boxes on the page of a mail server."""


@hookspec
def register_setup_steps() -> Sequence[SetupStep]:  # type: ignore[empty-body]
    """Steps of the guided set-up."""


@hookspec
def register_api() -> Sequence[ApiRoutes]:  # type: ignore[empty-body]
    """Resources of the REST face."""


@hookspec
def register_jobs() -> Sequence[Job]:  # type: ignore[empty-body]
    """Work done again and again."""


@hookspec
def register_services() -> Sequence[Service]:  # type: ignore[empty-body]
    """What runs beside the jobs while the application serves."""


@hookspec
def register_checks() -> Sequence[Check]:  # type: ignore[empty-body]
    """Checks of `mailloom doctor`."""


@hookspec
def register_composers() -> Sequence[Composer]:  # type: ignore[empty-body]
    """What writes each recipient's mail when it is sent, for messages that name it."""


@hookspec
def register_commands(root: typer.Typer) -> None:
    """Add commands or a group to the command line. The office is `context.obj` (see docs/hooks.md)."""


@hookspec
def register_account_commands(accounts: typer.Typer) -> None:
    """Add commands to `mailloom accounts`."""


@hookspec
def register_doctor_commands(doctor: typer.Typer) -> None:
    """Add commands to `mailloom doctor`."""


# --- first answer wins -----------------------------------------------------------------------------------------------------------------


@hookspec(firstresult=True)
def classify_message(message: Mail) -> Report | None:
    """Whether a mail is a report (bounce, complaint, auto-reply …) and what it says."""


@hookspec(firstresult=True)
def trim_reply(message: Mail) -> VisibleReply | None:
    """The new words of a reply without quote and signature."""


@hookspec(firstresult=True)
def permit_bulk(domain: str, per_day: int, session: Session) -> Denial | None:
    """A denial when a domain must not send so many marketing mails a day yet; None when this addon does not mind."""


@hookspec(firstresult=True)
def choose_account(draft: Draft, session: Session) -> int | None:
    """The id of the outgoing account to use for a draft, before the core's own rules."""


@hookspec(firstresult=True)
def return_path(draft: Draft, recipient: Recipient, delivery_id: int, account_id: int, session: Session) -> str | None:
    """The envelope sender for one delivery."""


@hookspec(firstresult=True)
def explain_failure(reply: str, protocol: str, kind: str) -> Explanation | None:
    """A server's words in plain language. `protocol`: smtp, imap, pop3, http, tls, dns, tcp; `kind`: the account's kind, '' when unknown."""


@hookspec(firstresult=True)
def discover_servers(domain: str, app: Office, progress: Callable[[str], None]) -> Discovery | None:
    """The mail servers of a domain, found by its records and by trying; `progress` is told each place before it is asked."""


@hookspec(firstresult=True)
def reply_address(thread: Thread, session: Session) -> str | None:
    """Where answers to a thread's mails shall go: an alias of the record, or an address that carries a token."""


@hookspec(firstresult=True)
def authenticate_sender(incoming: Incoming, session: Session) -> SenderVerdict | None:
    """Whether the From of a mail is who it says (SPF or DKIM, aligned); None when this addon cannot tell."""


@hookspec(firstresult=True)
def recipient_known(address: str, session: Session) -> bool | None:
    """Whether mail for this normalised address of ours would be taken; asked at RCPT by listeners. None: not my kind of address."""


# --- each, in order --------------------------------------------------------------------------------------------------------------------


@hookspec
def deny_recipients(
    addresses: Sequence[str], purpose: Purpose, topic: str, session: Session
) -> Mapping[str, Denial] | None:
    """Those of these normalised addresses that must not be written to for this purpose and topic; None or {} when this addon minds none."""


@hookspec
def prepare_templates(environment: Environment) -> None:
    """Add filters, globals or tests to the template environment."""


@hookspec
def prepare_message(
    draft: Draft, recipient: Recipient, delivery_id: int, session: Session
) -> Sequence[tuple[str, str]] | None:
    """Header lines (name, value) to add to one recipient's mail."""


@hookspec
def decorate_marketing(message_id: int, session: Session) -> Decoration | None:
    """What rewrites each recipient's mail of a composed message, such as for measuring; None leaves it as it is."""


@hookspec
def sign_message(envelope: Envelope, message: bytes) -> bytes | None:
    """Header lines, CRLF-ended, to put before the finished mail (a DKIM-Signature)."""


@hookspec
def provider_events(events: Sequence[ProviderEvent], session: Session) -> None:
    """A verified webhook brought these events; the provider is told that they are safe only if nobody raises."""


@hookspec
def offer_topics(address: str, session: Session) -> Sequence[Topic]:  # type: ignore[empty-body]
    """What the person behind a normalised address can say yes or no to."""


@hookspec
def remark_on_deliveries(delivery_ids: Sequence[int], session: Session) -> Sequence[Remark]:  # type: ignore[empty-body]
    """What became of these deliveries as far as this addon knows, for the pages that show them."""


@hookspec
def export_person(address: str, session: Session) -> Mapping[str, Sequence[Mapping[str, Any]]] | None:
    """What this addon keeps about the person behind a normalised address: records of plain values, by what they are."""


@hookspec
def erase_person(address: str, session: Session) -> Mapping[str, int] | None:
    """Forget the person behind a normalised address; returns how many records of what were erased."""


@hookspec
def startup(app: Office) -> None:
    """The application is ready; keep the office if you need it."""


@hookspec
def shutdown(app: Office) -> None:
    """The application ends."""


# --- the addon's own -------------------------------------------------------------------------------------------------------------------


@hookspec
def addon_installed(session: Session) -> None:
    """Called once for the addon itself, after its migrations and before the commit."""


@hookspec
def addon_removed(session: Session) -> None:
    """Called once for the addon itself, before its tables may go."""


@hookspec
def self_check() -> str | None:
    """A sentence that says why the addon cannot work here (a missing program, say); None when it can."""


# --- observers, fenced -----------------------------------------------------------------------------------------------------------------


@hookspec
def message_stored(message: Message, thread: Thread | None, session: Session) -> None:
    """A message was added to a thread, in the same transaction."""


@hookspec
def opted_out(address: str, topic: str, source: str, session: Session) -> None:
    """An address said no to a topic ('' is all marketing), in the same transaction. `source` is how: one-click, page, mailto …"""


@hookspec
def opted_in_again(address: str, topic: str, session: Session) -> None:
    """An address that had said no, or never said anything, said yes to a topic ('' is all marketing), in the same transaction."""


@hookspec
def complained(delivery: Delivery, feedback_type: str, session: Session) -> None:
    """The recipient of a delivery complained about it, proved by our own token, in the same transaction."""


@hookspec
def delivery_recorded(delivery: Delivery, session: Session) -> None:
    """A delivery reached a settled state (sent, bounced, rejected, failed, cancelled, uncertain), in the same transaction."""


@hookspec
def deliveries_recorded(deliveries: Sequence[Settled], session: Session) -> None:
    """The same of many deliveries at once, whatever settled them: for those who cannot afford a call for each."""
