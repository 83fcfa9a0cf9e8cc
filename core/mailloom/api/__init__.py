"""What addons import. Everything named here is kept stable within a minor version of mailloom."""

from __future__ import annotations

from mailloom.api.access import Permission
from mailloom.api.accounts import (
    Account,
    AccountSettings,
    AfterFetch,
    Authentication,
    ChecksSettings,
    IncomingSettings,
    OutgoingSettings,
    Security,
    ServerSettings,
)
from mailloom.api.checks import Check, Finding, Severity
from mailloom.api.composing import Composer, Composition, Ordered, Withheld
from mailloom.api.drafts import Denial, Draft, Enclosure, Envelope, Purpose, Queued, Recipient
from mailloom.api.hookspecs import hookimpl
from mailloom.api.jobs import Job
from mailloom.api.office import Office, Received, office_of
from mailloom.api.persons import Topic
from mailloom.api.presets import (
    Discovery,
    Limits,
    LoginKind,
    MailProtocol,
    OAuthEndpoints,
    Preset,
    Server,
    Suggestion,
    UserForm,
    Variable,
)
from mailloom.api.probing import Explanation, FailureClass, Step
from mailloom.api.receiving import Cursor, Fetched, Source, SourceKind
from mailloom.api.recorded import Settled
from mailloom.api.routing import (
    Action,
    Answer,
    Answered,
    AnswerReason,
    Ignored,
    Incoming,
    Parked,
    Pass,
    Reported,
    Route,
    Routed,
    Router,
    SenderVerdict,
    Verdict,
)
from mailloom.api.sending import (
    Capabilities,
    InterleavingTransport,
    Outcome,
    Parcel,
    Reply,
    Status,
    Transport,
    TransportKind,
)
from mailloom.api.threads import ThreadModel, mapped
from mailloom.api.web import MenuEntry, MenuSection, Pages, Routes
from mailloom.api.webhooks import ProviderEvent, Webhook, WebhookAnswer, WebhookCall
from mailloom.store.messages import MessageKind
from mailloom.store.threads import HasAlias, Threaded

__all__ = [
    "Account",
    "AccountSettings",
    "Action",
    "AfterFetch",
    "Answer",
    "AnswerReason",
    "Answered",
    "Authentication",
    "Capabilities",
    "Check",
    "ChecksSettings",
    "Composer",
    "Composition",
    "Cursor",
    "Denial",
    "Discovery",
    "Draft",
    "Enclosure",
    "Envelope",
    "Explanation",
    "FailureClass",
    "Fetched",
    "Finding",
    "HasAlias",
    "Ignored",
    "Incoming",
    "IncomingSettings",
    "InterleavingTransport",
    "Job",
    "Limits",
    "LoginKind",
    "MailProtocol",
    "MenuEntry",
    "MenuSection",
    "MessageKind",
    "OAuthEndpoints",
    "Office",
    "Ordered",
    "Outcome",
    "OutgoingSettings",
    "Pages",
    "Parcel",
    "Parked",
    "Pass",
    "Permission",
    "Preset",
    "ProviderEvent",
    "Purpose",
    "Queued",
    "Received",
    "Recipient",
    "Reply",
    "Reported",
    "Route",
    "Routed",
    "Router",
    "Routes",
    "Security",
    "SenderVerdict",
    "Server",
    "ServerSettings",
    "Settled",
    "Severity",
    "Source",
    "SourceKind",
    "Status",
    "Step",
    "Suggestion",
    "ThreadModel",
    "Threaded",
    "Topic",
    "Transport",
    "TransportKind",
    "UserForm",
    "Variable",
    "Verdict",
    "Webhook",
    "WebhookAnswer",
    "WebhookCall",
    "Withheld",
    "hookimpl",
    "mapped",
    "office_of",
]
