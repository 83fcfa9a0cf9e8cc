"""The closed loop: a message goes out by an account to a mailbox that we read, and what its receiver found stands beside what we find.

It takes the ways that all mail takes: the outbox, the account, the world, the incoming account. So `mailloom serve` must run meanwhile. The mail is
known by a word in its subject, because some providers put another Message-ID.
"""

from __future__ import annotations

import re
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import func, select

from mailloom.addons.senderauth.authenticating import authenticate
from mailloom.addons.senderauth.settings import SenderAuthSettings
from mailloom.api import Draft, Office, Purpose, Recipient
from mailloom.errors import NotFound, PermanentFailure, Refused, TemporaryFailure
from mailloom.mail.address import Address, parse_addresses
from mailloom.mail.message import parse
from mailloom.store.arrivals import Arrival
from mailloom.store.blobs import read_blob
from mailloom.store.messages import Message
from mailloom.store.outbox import Delivery, DeliveryState

_METHODS = ("spf", "dkim", "dmarc")
_RESULT = re.compile(r"(?:^|[;\s])(spf|dkim|dmarc)\s*=\s*([a-z]{1,12})", re.IGNORECASE)
_LOST = frozenset({DeliveryState.BOUNCED, DeliveryState.REJECTED, DeliveryState.FAILED, DeliveryState.CANCELLED})
_BETWEEN_SECONDS = 2.0
_TOKEN_OCTETS = 8
_WRITTEN = re.compile(r"([0-9]{1,18})-([0-9]{1,18})-([0-9a-f]{16})")
_TEXT = (
    "This message was sent by mailloom to itself, to see what its receiver thinks of it.\n\n"
    "Nothing needs to be done about it.\n"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Begun:
    """A test message on its way. `newest`: the last arrival before it."""

    newest: int
    token: str
    delivery_id: int

    @property
    def written(self) -> str:
        return f"{self.newest}-{self.delivery_id}-{self.token}"


def read_begun(written: str) -> Begun:
    """From what `Begun.written` gave; NotFound for anything else."""
    found = _WRITTEN.fullmatch(written)
    if found is None:
        raise NotFound("There is no such test.")
    return Begun(newest=int(found[1]), delivery_id=int(found[2]), token=found[3])


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """One method. '' where nobody said anything."""

    method: str
    receiver: str
    ours: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LoopResult:
    """`receiver`: the name under which the receiver wrote its results, '' when the mail carries none."""

    arrival_id: int
    seconds: float
    receiver: str
    receiver_line: str
    our_line: str
    methods: tuple[Compared, ...]

    @property
    def passed(self) -> bool:
        """The receiver found From proved: by DMARC, or where it did not ask, by SPF or DKIM."""
        said = {each.method: each.receiver for each in self.methods}
        return said["dmarc"] == "pass" if said["dmarc"] else "pass" in said.values()


def run_loop(
    office: Office,
    *,
    sender: str,
    to: str,
    account: str = "",
    seconds: float = 120.0,
    sleep: Callable[[float], None] = time.sleep,
    monotonic: Callable[[], float] = time.monotonic,
) -> LoopResult:
    """Send, wait, compare. PermanentFailure when the mail was refused, TemporaryFailure when it did not come back in time."""
    started = monotonic()
    begun = begin_loop(office, sender=sender, to=to, account=account)
    while (arrival := _arrived(office, begun)) is None:
        _still_on_its_way(office, begun.delivery_id, monotonic() - started >= seconds)
        sleep(_BETWEEN_SECONDS)
    return _compare(office, arrival, monotonic() - started)


def begin_loop(office: Office, *, sender: str, to: str, account: str = "") -> Begun:
    """Send, and do not wait; `look_at_loop` says what became of it."""
    token = secrets.token_hex(_TOKEN_OCTETS)
    with office.read() as session:
        newest = session.scalar(select(func.max(Arrival.id))) or 0
    return Begun(newest=newest, token=token, delivery_id=_send(office, sender, to, account, token))


def look_at_loop(office: Office, begun: Begun, *, seconds: float = 120.0) -> LoopResult | None:
    """What `run_loop` answers or raises, as it is now; None: it is still on its way. NotFound for a loop that nobody began."""
    with office.read() as session:
        delivery = session.get(Delivery, begun.delivery_id)
        message = session.get(Message, delivery.message_id) if delivery is not None else None
    if message is None or begun.token not in message.subject:
        raise NotFound("There is no such test.")
    passed = (office.now() - message.created_at).total_seconds()
    arrival = _arrived(office, begun)
    if arrival is not None:
        return _compare(office, arrival, passed)
    _still_on_its_way(office, begun.delivery_id, passed >= seconds)
    return None


def results_of(line: str) -> dict[str, str]:
    """The best result of each method in an Authentication-Results value: one signature that holds is enough."""
    found: dict[str, str] = {}
    for method, result in _RESULT.findall(re.sub(r"\([^()]*\)", " ", line)):
        if found.get(method.lower()) != "pass":
            found[method.lower()] = result.lower()
    return found


def _send(office: Office, sender: str, to: str, account: str, token: str) -> int:
    draft = Draft(
        sender=one_address(sender, "--from"),
        recipients=[Recipient(address=one_address(to, "--to"))],
        subject=f"mailloom loop test {token}",
        text=_TEXT,
        purpose=Purpose.PROBE,
        account=account,
        priority=1,
    )
    with office.write() as session:
        queued = office.enqueue(session, draft)
    if not queued.deliveries:
        reason = queued.refused[0][1] if queued.refused else "nothing was queued"
        raise Refused(f"{to} may not be written to: {reason}.", remedy="Choose another mailbox.")
    return queued.deliveries[0]


def one_address(text: str, option: str) -> Address:
    found = parse_addresses(text)
    if len(found) != 1 or not found[0].domain:
        raise Refused(f"{option}: {text[:80]!r} is not one mail address.", remedy="Write it like ann@example.org.")
    return found[0]


def _arrived(office: Office, begun: Begun) -> int | None:
    named = Arrival.subject.contains(begun.token, autoescape=True)
    chosen = select(Arrival.id).where(Arrival.id > begun.newest, named)
    with office.read() as session:
        return session.scalar(chosen.order_by(Arrival.id).limit(1))


def _still_on_its_way(office: Office, delivery_id: int, late: bool) -> None:
    with office.read() as session:
        delivery = session.get_one(Delivery, delivery_id)
    if delivery.state in _LOST:
        raise PermanentFailure(
            f"The test message was {delivery.state}: {delivery.reply or delivery.explanation}",
            remedy=f"See why: mailloom outbox show {delivery_id}",
        )
    if not late:
        return
    if delivery.state is DeliveryState.SENT:
        raise TemporaryFailure(
            "The test message was sent and has not come back.",
            remedy="Does an incoming account read that mailbox, and is the mail perhaps in its spam folder?",
        )
    raise TemporaryFailure(
        f"The test message was not sent in time; it is {delivery.state}.", remedy="Does `mailloom serve` run?"
    )


def _compare(office: Office, arrival_id: int, seconds: float) -> LoopResult:
    with office.read() as session:
        arrival = session.get_one(Arrival, arrival_id)
        raw = read_blob(session, arrival.raw_digest or "")
        envelope_from = arrival.envelope_from
    mail = parse(raw)
    settings = office.settings("senderauth")
    assert isinstance(settings, SenderAuthSettings)
    ours = authenticate(mail, envelope_from, settings, office.resolver, office.now()).line
    lines = mail.headers.all("authentication-results")
    theirs = " ".join(lines[0].split()) if lines else ""
    said, found = results_of(theirs), results_of(ours)
    return LoopResult(
        arrival_id=arrival_id,
        seconds=round(seconds, 1),
        receiver=theirs.partition(";")[0].split(" ")[0],
        receiver_line=theirs,
        our_line=ours,
        methods=tuple(
            Compared(method=each, receiver=said.get(each, ""), ours=found.get(each, "")) for each in _METHODS
        ),
    )
