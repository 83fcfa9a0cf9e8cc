"""The addon's hooks: two kinds of outgoing server, the webhook of their events, the job that follows the quota."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import BaseModel

from mailloom.api import Check, Explanation, Job, Office, TransportKind, Webhook, hookimpl

from .explanations import explain
from .kind import SesKind
from .quota import EVERY_SECONDS, follow_quotas
from .replies import KINDS, check_reply_accounts
from .settings import SesAddonSettings
from .smtp import SesSmtpKind
from .webhook import SesWebhook

_WEBHOOK = SesWebhook()


@hookimpl
def register_settings() -> type[BaseModel]:
    return SesAddonSettings


@hookimpl
def register_transports() -> Sequence[TransportKind]:
    return [SesKind(), SesSmtpKind()]


@hookimpl
def register_webhooks() -> Sequence[Webhook]:
    return [_WEBHOOK]


@hookimpl
def register_jobs() -> Sequence[Job]:
    summary = "Keep the limits of SES accounts at what Amazon allows them."
    return [Job(name="ses-quota", summary=summary, every_seconds=EVERY_SECONDS, run=follow_quotas)]


@hookimpl
def register_checks() -> Sequence[Check]:
    return [Check(name="ses", run=check_reply_accounts)]


# First, because addons that explain for all would take the words of Amazon's client for those of any connection.
@hookimpl(tryfirst=True)
def explain_failure(reply: str, protocol: str, kind: str) -> Explanation | None:
    # 2xx is the beginning of what was taken, whatever words an id is made of.
    return explain(reply) if kind in KINDS and not reply.startswith("2") else None


@hookimpl
def startup(app: Office) -> None:
    _WEBHOOK.office = app


@hookimpl
def shutdown(app: Office) -> None:
    if _WEBHOOK.office is app:
        _WEBHOOK.office = None
