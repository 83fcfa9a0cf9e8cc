"""One typed method per hook: in which order addons are asked, what happens when one raises, and the check of what came back.

- *Collecting* hooks and observers are fenced: who fails is reported, the others go on.
- A *deciding* hook (may this be sent, by which account, with which headers, is this a bounce) may not be answered by guessing: the failure of one
  addon raises HookFailed, a TemporaryFailure, and what was asked for waits.
- `trim_reply`, `explain_failure` and `discover_servers` only make things nicer: who fails has no opinion.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

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
from mailloom.registry.answers import misfit_of_denials, misfit_of_headers, misfit_of_settings
from mailloom.registry.asking import Asking, misfit_from
from mailloom.store.messages import Message
from mailloom.store.outbox import Delivery
from mailloom.store.threads import Thread

if TYPE_CHECKING:
    import typer

T = TypeVar("T")


class Hooks(Asking):
    """The hooks of the addons that are at work. Immutable; a reload makes a new one."""

    # --- collect: (addon, object) pairs in dependency order ---

    def register_settings(self) -> dict[str, type[BaseModel]]:
        """Settings models by addon."""
        return {
            each.addon: model
            for each, model in self.implementations.fenced("register_settings", {})
            if self._fits(each, misfit_of_settings(model))
        }

    def register_transports(self) -> list[tuple[str, TransportKind]]:
        return self._collected("register_transports", TransportKind)

    def register_sources(self) -> list[tuple[str, SourceKind]]:
        return self._collected("register_sources", SourceKind)

    def register_presets(self) -> list[tuple[str, Preset]]:
        return self._collected("register_presets", Preset)

    def register_routers(self) -> list[tuple[str, Router]]:
        return self._collected("register_routers", Router)

    def register_thread_models(self) -> list[tuple[str, ThreadModel]]:
        return self._collected("register_thread_models", ThreadModel)

    def register_webhooks(self) -> list[tuple[str, Webhook]]:
        return self._collected("register_webhooks", Webhook)

    def register_routes(self) -> list[tuple[str, Routes]]:
        return self._collected("register_routes", Routes)

    def register_pages(self) -> list[tuple[str, Pages]]:
        return self._collected("register_pages", Pages)

    def register_menu(self) -> list[tuple[str, MenuEntry]]:
        return self._collected("register_menu", MenuEntry)

    def register_account_panels(self) -> list[tuple[str, AccountPanel]]:
        return self._collected("register_account_panels", AccountPanel)

    def register_setup_steps(self) -> list[tuple[str, SetupStep]]:
        return self._collected("register_setup_steps", SetupStep)

    def register_api(self) -> list[tuple[str, ApiRoutes]]:
        return self._collected("register_api", ApiRoutes)

    def register_jobs(self) -> list[tuple[str, Job]]:
        return self._collected("register_jobs", Job)

    def register_services(self) -> list[tuple[str, Service]]:
        return self._collected("register_services", Service)

    def register_checks(self) -> list[tuple[str, Check]]:
        return self._collected("register_checks", Check)

    def register_composers(self) -> list[tuple[str, Composer]]:
        return self._collected("register_composers", Composer)

    def register_commands(self, root: typer.Typer) -> None:
        self._each_fenced("register_commands", {"root": root})

    def register_account_commands(self, accounts: typer.Typer) -> None:
        self._each_fenced("register_account_commands", {"accounts": accounts})

    def register_doctor_commands(self, doctor: typer.Typer) -> None:
        self._each_fenced("register_doctor_commands", {"doctor": doctor})

    # --- first answer wins: dependents are asked before what they depend on ---

    def classify_message(self, message: Mail) -> Report | None:
        return self._first_decided("classify_message", {"message": message}, Report)

    def trim_reply(self, message: Mail) -> VisibleReply | None:
        return self._first_fenced("trim_reply", {"message": message}, VisibleReply)

    def permit_bulk(self, domain: str, per_day: int, session: Session) -> Denial | None:
        return self._first_decided("permit_bulk", {"domain": domain, "per_day": per_day, "session": session}, Denial)

    def choose_account(self, draft: Draft, session: Session) -> int | None:
        return self._first_decided("choose_account", {"draft": draft, "session": session}, int)

    def return_path(
        self, draft: Draft, recipient: Recipient, delivery_id: int, account_id: int, session: Session
    ) -> str | None:
        given = {
            "draft": draft,
            "recipient": recipient,
            "delivery_id": delivery_id,
            "account_id": account_id,
            "session": session,
        }
        return self._first_decided("return_path", given, str)

    def explain_failure(self, reply: str, protocol: str, kind: str) -> Explanation | None:
        """The first particular explanation; a generic one counts only where nobody has another."""
        given = {"reply": reply, "protocol": protocol, "kind": kind}
        generic: Explanation | None = None
        for found in self._answers_fenced("explain_failure", given, Explanation):
            if not found.generic:
                return found
            generic = generic or found
        return generic

    def discover_servers(self, domain: str, app: Office, progress: Callable[[str], None]) -> Discovery | None:
        given = {"domain": domain, "app": app, "progress": progress}
        return self._first_fenced("discover_servers", given, Discovery)

    def reply_address(self, thread: Thread, session: Session) -> str | None:
        return self._first_decided("reply_address", {"thread": thread, "session": session}, str)

    def authenticate_sender(self, incoming: Incoming, session: Session) -> SenderVerdict | None:
        return self._first_decided("authenticate_sender", {"incoming": incoming, "session": session}, SenderVerdict)

    def recipient_known(self, address: str, session: Session) -> bool | None:
        return self._first_decided("recipient_known", {"address": address, "session": session}, bool)

    # --- each, in dependency order ---

    def deny_recipients(
        self, addresses: Sequence[str], purpose: Purpose, topic: str, session: Session
    ) -> dict[str, Denial]:
        """Denials by address; where several addons deny one, the first in dependency order is given."""
        given = {"addresses": addresses, "purpose": purpose, "topic": topic, "session": session}
        denied: dict[str, Denial] = {}
        for answer in self._each_decided("deny_recipients", given, misfit_of_denials):
            denied = {**answer, **denied}
        return denied

    def prepare_templates(self, environment: Environment) -> None:
        self._each_fenced("prepare_templates", {"environment": environment})

    def prepare_message(
        self, draft: Draft, recipient: Recipient, delivery_id: int, session: Session
    ) -> list[tuple[str, str]]:
        """All header lines that addons want added, in order."""
        given = {"draft": draft, "recipient": recipient, "delivery_id": delivery_id, "session": session}
        return [line for lines in self._each_decided("prepare_message", given, misfit_of_headers) for line in lines]

    def decorate_marketing(self, message_id: int, session: Session) -> list[Decoration]:
        given = {"message_id": message_id, "session": session}
        return list(self._each_decided("decorate_marketing", given, misfit_from(Decoration)))

    def sign_message(self, envelope: Envelope, message: bytes) -> bytes:
        """Header lines to put before the mail; the signature of a dependent stands above those of what it depends on."""
        given = {"envelope": envelope, "message": message}
        return b"".join(reversed(list(self._each_decided("sign_message", given, misfit_from(bytes)))))

    def provider_events(self, events: Sequence[ProviderEvent], session: Session) -> None:
        """Raises HookFailed when one could not take them, so that the provider is not told that they arrived."""
        for each in self.implementations.of("provider_events"):
            self.implementations.decided(each, {"events": events, "session": session}, misfit_from(object))

    def offer_topics(self, address: str, session: Session) -> list[Topic]:
        """Of all addons, in order; who fails is left out."""
        given = {"address": address, "session": session}
        return [topic for _, topic in self._collected("offer_topics", Topic, given)]

    def remark_on_deliveries(self, delivery_ids: Sequence[int], session: Session) -> list[Remark]:
        """Of all addons, in order; who fails is left out."""
        given = {"delivery_ids": delivery_ids, "session": session}
        return [remark for _, remark in self._collected("remark_on_deliveries", Remark, given)]

    def export_person(self, address: str, session: Session) -> dict[str, list[Mapping[str, Any]]]:
        """Records by what they are. Raises HookFailed, because an export that lacks a part is none."""
        found: dict[str, list[Mapping[str, Any]]] = {}
        given = {"address": address, "session": session}
        for answer in self._each_decided("export_person", given, misfit_from(Mapping)):
            for name, records in answer.items():
                found.setdefault(name, []).extend(records)
        return found

    def erase_person(self, address: str, session: Session) -> dict[str, int]:
        """Counts by what was erased; dependents first. Raises HookFailed, and the caller must undo everything."""
        erased: Counter[str] = Counter()
        given = {"address": address, "session": session}
        for counts in self._each_decided("erase_person", given, misfit_from(Mapping), backwards=True):
            erased.update(counts)
        return dict(erased)

    def startup(self, app: Office, addons: Sequence[str] | None = None) -> None:
        """Tell the addons (None: all) that the application is ready."""
        self._each_fenced("startup", {"app": app}, addons)

    def shutdown(self, app: Office, addons: Sequence[str] | None = None) -> None:
        """Tell the addons (None: all) that the application ends; dependents first."""
        self._each_fenced("shutdown", {"app": app}, addons, backwards=True)

    # --- the addon's own: raises what the addon raises, so that installing it fails as a whole ---

    def addon_installed(self, addon: str, session: Session) -> None:
        self._own("addon_installed", addon, {"session": session})

    def addon_removed(self, addon: str, session: Session) -> None:
        self._own("addon_removed", addon, {"session": session})

    def self_check(self, addon: str) -> str | None:
        """Why the addon cannot work here; None when it can."""
        reason = self._own("self_check", addon, {})
        return None if reason is None else str(reason)

    # --- observers ---

    def message_stored(self, message: Message, thread: Thread | None, session: Session) -> None:
        self._observed("message_stored", {"message": message, "thread": thread, "session": session}, session)

    def opted_out(self, address: str, topic: str, source: str, session: Session) -> None:
        given = {"address": address, "topic": topic, "source": source, "session": session}
        self._observed("opted_out", given, session)

    def opted_in_again(self, address: str, topic: str, session: Session) -> None:
        self._observed("opted_in_again", {"address": address, "topic": topic, "session": session}, session)

    def complained(self, delivery: Delivery, feedback_type: str, session: Session) -> None:
        given = {"delivery": delivery, "feedback_type": feedback_type, "session": session}
        self._observed("complained", given, session)

    def delivery_recorded(self, delivery: Delivery, session: Session) -> None:
        self._observed("delivery_recorded", {"delivery": delivery, "session": session}, session)

    def deliveries_recorded(self, deliveries: Sequence[Settled], session: Session) -> None:
        self._observed("deliveries_recorded", {"deliveries": deliveries, "session": session}, session)
