"""Routing: a printable table of routers, each asked in order until one decides.

A router looks at an `Incoming` mail and answers `Pass` (with the reason, kept as evidence) or a decision. It must not write, except to tables of its
own; what follows from the decision is done by the inbound flow.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol

from sqlalchemy.orm import Session

from mailloom.api.accounts import IncomingSettings
from mailloom.mail.message import Message as Mail
from mailloom.mail.reply import Reply as VisibleReply
from mailloom.mail.report import Report
from mailloom.mail.token import Keyring
from mailloom.store.messages import Message


class Action(StrEnum):
    CREATE = "create"
    APPEND = "append"


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One place the mail goes to. CREATE makes a record of `model`; APPEND adds to `thread_id`."""

    action: Action
    model: str
    router: str
    record: str | None = None
    thread_id: int | None = None
    parent_id: int | None = None
    alias_id: int | None = None
    target: str = ""
    """What this route serves, for "once per recipient": `alias:<id>`, `thread:<id>`, `fallback`."""
    defaults: Mapping[str, Any] = field(default_factory=dict)
    automatic: bool = False
    """Flag the message as automatic: it notifies nobody."""
    internal: bool = False
    why: str = ""
    note: str = ""
    """Kept with the message, such as when its sender is back."""
    settled: Callable[[Session, Exception | None], None] | None = None
    """Called once the route was carried out, or with the exception that kept it from being so; not in a dry run."""


class AnswerReason(StrEnum):
    """Why an automatic answer goes out; names its template `mail/answer_<reason>`."""

    POLICY = "policy"
    CATCHALL = "catchall"
    LOOP = "loop"
    MISCONFIGURED = "misconfigured"
    UNROUTED = "unrouted"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """An automatic "could not be delivered" mail to the sender.

    The flow decides whether it may go out at all (never to robots or lists, never twice a day).
    """

    reason: AnswerReason
    hit: str
    """The recipient address of ours that was refused; its domain gives the answer's identity."""
    text: str = ""
    """Custom text of the alias, plain; '' takes the template's."""
    alias_id: int | None = None
    allowed: str = ""
    """Who may write there, in words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pass:
    """Not mine; `why` says what was looked at."""

    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Routed:
    routes: Sequence[Route]
    why: str
    answers: Sequence[Answer] = ()
    """For parts that were refused beside."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    answer: Answer
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Reported:
    """A report. `carry_out` records what it says; not called in a dry run."""

    why: str
    carry_out: Callable[[Session], None] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ignored:
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Parked:
    why: str
    answer: Answer | None = None
    carry_out: Callable[[Session], None] | None = None
    """For a router that must note why; not called in a dry run."""


Verdict = Pass | Routed | Answered | Reported | Ignored | Parked


@dataclass(frozen=True, slots=True, kw_only=True)
class SenderVerdict:
    """Whether From is proved. `genuine` None: could not be checked."""

    genuine: bool | None
    why: str


@dataclass(slots=True, kw_only=True)
class Incoming:
    """A mail on its way through the table. `recipients` are keys (normalised addresses), those of To strength in `to`, of Cc strength in `cc`."""

    arrival_id: int
    mail: Mail
    envelope_from: str | None
    to: Sequence[str]
    cc: Sequence[str]
    envelope_known: bool
    from_key: str
    """Normalised address of the first From; '' when there is none."""
    account: IncomingSettings | None
    fallback: str | None
    parent: Message | None = None
    """The newest stored message that it refers to."""
    referenced: Sequence[Message] = ()
    answered: Mapping[int, int] = field(default_factory=dict)
    """Of `referenced` messages that went to each recipient under an id of his own: the delivery that is meant, by message id."""
    only_new_targets: bool = False
    """A further copy of a mail that was served already: only aliases and tokens not yet served count."""
    dry_run: bool = False
    prove_sender: Callable[[], SenderVerdict]
    """Asks whether From is proved; the answer is worked out once."""
    report: Callable[[], Report | None]
    """What the mail says as a report (bounce, complaint, auto-reply …), None when no addon reads reports; worked out once."""
    visible: Callable[[], VisibleReply]
    """The mail's new words, without quoted text and signature; worked out once."""
    now: datetime
    keyring: Callable[[str], Keyring]
    """Signing keys by purpose."""
    memory: dict[str, Any] = field(default_factory=dict)
    """For routers of one addon to share what they looked up, under the addon's name."""

    @property
    def recipients(self) -> list[str]:
        return [*self.to, *self.cc]


class Router(Protocol):
    """One row of the table, registered by `register_routers`. Lower `order` is asked first; see docs/architecture.md for the numbers in use."""

    name: str
    order: int
    summary: str
    """What it decides, one sentence for `mailloom routes`."""

    def route(self, incoming: Incoming, session: Session) -> Verdict:
        """Look and decide. An exception parks the mail with the exception's first line."""
        ...
