"""The scenes of the tour: each lets somebody write, does what we would do, and tells what became of it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from sqlalchemy.orm import Session

from mailloom.cli.tour_domain import domain
from mailloom.cli.tour_mailing import mailing
from mailloom.cli.tour_record import (
    Opened,
    arrivals_of,
    attempts_of,
    delivery_to,
    later_words,
    nothing_in_hand,
    opened_by,
    reason_of,
)
from mailloom.cli.tour_stage import Stage
from mailloom.cli.tour_values import News, Playing, Scene, Waiting, seen
from mailloom.store.arrivals import Arrival, Outcome
from mailloom.store.messages import MessageKind
from mailloom.store.outbox import Delivery, DeliveryState

SUPPORT = "support@example.org"
_MAILS_OF_A_LOOP = 6


def write(stage: Stage, person: str, to: str, subject: str, text: str, times: int = 1) -> None:
    stage.type("sandbox", "write", person, to, "--subject", subject, "--text", text, "--times", str(times))


def ask(stage: Stage, person: str, subject: str, text: str) -> Waiting[Opened]:
    """Somebody asks our support; the ticket that this makes."""
    write(stage, person, SUPPORT, subject, text)
    opened = yield from seen(stage, lambda session: opened_by(session, person))
    yield News(what=f"new ticket {opened.record}", why=opened.why)
    return opened


def answer(stage: Stage, opened: Opened, text: str) -> None:
    stage.type("helpdesk", "reply", opened.record, text)


def settled(stage: Stage, person: str, *states: DeliveryState) -> Waiting[Delivery]:
    """The delivery to somebody, once it is in one of these states."""

    def look(session: Session) -> Delivery | None:
        delivery = delivery_to(session, person)
        return delivery if delivery is not None and delivery.state in states else None

    return (yield from seen(stage, look))


# --- the scenes ---


def conversation(stage: Stage, person: str) -> Playing:
    opened = yield from ask(stage, person, "The lamp stays dark", "I bought a lamp, and it does not light up.")
    answer(stage, opened, "Please press the switch for three seconds.")
    yield from settled(stage, person, DeliveryState.SENT)
    yield News(what="our answer was sent")
    reply = yield from seen(stage, lambda session: later_words(session, opened, MessageKind.MAIL))
    with stage.app.read() as session:
        why = reason_of(session, reply)
    yield News(what=f"the reply joined the ticket: “{reply.text.strip()}”", why=why)


def bounce(stage: Stage, person: str) -> Playing:
    opened = yield from ask(stage, person, "Where is my parcel?", "It should be here by now.")
    answer(stage, opened, "It left our house on Monday.")
    yield from settled(stage, person, DeliveryState.SENT, DeliveryState.BOUNCED)
    yield News(what="taken by the server")
    delivery = yield from settled(stage, person, DeliveryState.BOUNCED)
    yield from seen(stage, lambda session: later_words(session, opened, MessageKind.NOTE))
    yield News(what="came back; noted on the ticket, address suppressed", why=_line(delivery.reply))


def refused_recipient(stage: Stage, person: str) -> Playing:
    opened = yield from ask(stage, person, "Do you repair lamps?", "Mine is twenty years old.")
    answer(stage, opened, "Yes, we do.")
    delivery = yield from settled(stage, person, DeliveryState.REJECTED)
    yield News(what="refused at once, never tried again", why=_line(delivery.reply))


def greylisting(stage: Stage, person: str) -> Playing:
    opened = yield from ask(stage, person, "An offer for ten lamps", "What do ten of them cost?")
    answer(stage, opened, "Ten cost as much as nine.")
    delivery = yield from settled(stage, person, DeliveryState.DEFERRED)
    first = _line(delivery.reply)
    yield News(what="put off by the server", why=first)
    yield from seen(stage, nothing_in_hand)
    wait = delivery.due - stage.app.now() + timedelta(seconds=1)
    stage.clock.turn_on(wait)
    delivery = yield from settled(stage, person, DeliveryState.SENT)
    with stage.app.read() as session:
        tries = len(attempts_of(session, delivery))
    yield News(
        what=f"sent at try {tries} (the tour turned its clock on by {wait.total_seconds():.0f} s)",
        why=f"{first} · then {_line(delivery.reply)}",
    )


def out_of_office(stage: Stage, person: str) -> Playing:
    opened = yield from ask(stage, person, "Opening hours", "Are you open on Saturday?")
    answer(stage, opened, "From nine to twelve.")
    said = yield from seen(stage, lambda session: later_words(session, opened, MessageKind.AUTOMATIC))
    with stage.app.read() as session:
        why = reason_of(session, said)
    yield News(what="out of office: kept with the ticket, told to nobody", why=why)


def forwarded(stage: Stage, person: str) -> Playing:
    opened = yield from ask(stage, person, "Ten lamps, please", "I would like to order ten lamps.")
    answer(stage, opened, "Our order desk takes this: orders@example.org.")
    order = yield from seen(stage, lambda session: _order_of(session, person))
    yield News(
        what=f"passed on to orders@: new {order.routes[0]['model']} {order.routes[0]['record']}", why=order.reason
    )


def complaint(stage: Stage, person: str) -> Playing:
    opened = yield from ask(stage, person, "Brochure", "Please send me your brochure.")
    answer(stage, opened, "Here it is.")
    report = yield from seen(stage, lambda session: _report_about(session, person))
    yield News(what="complaint: no more marketing to this address", why=report.reason)


def policy(stage: Stage, person: str) -> Playing:
    write(stage, person, "board@example.org", "An opportunity", "You will want to hear this.")
    arrival = yield from seen(stage, lambda session: _first(session, person, Outcome.ANSWERED))
    yield News(what="refused, and told so", why=arrival.reason)
    yield from settled(stage, person, DeliveryState.SENT)


def loop(stage: Stage, person: str) -> Playing:
    write(stage, person, SUPPORT, "Disk is full", "Please clean up.", times=_MAILS_OF_A_LOOP)
    stopped = yield from seen(stage, lambda session: _first(session, person, Outcome.ANSWERED))
    yield News(what="stopped, and told once", why=stopped.reason)
    tagged = yield from seen(stage, lambda session: _tagged(session, person))
    yield News(what="stopped; even its answer to our notice is ignored", why=f"{stopped.reason} · {tagged.reason}")


def parked(stage: Stage, person: str) -> Playing:
    write(stage, person, "postmaster@example.org", "Who is in charge?", "My lamp hums.")
    arrival = yield from seen(stage, lambda session: _first(session, person, Outcome.PARKED))
    yield News(what="parked: it waits for a person", why=arrival.reason)
    stage.type("parked", "reroute", str(arrival.id), "--recipient", SUPPORT)
    opened = yield from seen(stage, lambda session: opened_by(session, person))
    yield News(
        what=f"re-routed by one command: new ticket {opened.record}", why=f"{arrival.reason} · then {opened.why}"
    )


# The domain stands before those whose mail bounces: how much came back is a part of how a domain stands.
SCENES = (
    Scene(title="a domain whose mail arrives", person="hostmaster@example.org", play=domain),
    Scene(title="a question, an answer, a reply", person="ann.replies@example.com", play=conversation),
    Scene(title="a mailbox that does not exist", person="bob.bounces@example.com", play=bounce),
    Scene(title="a server that says no", person="joe.unknown@example.net", play=refused_recipient),
    Scene(title="a server that greylists", person="eve.greylists@example.net", play=greylisting),
    Scene(title="out of office", person="kim.away@example.com", play=out_of_office),
    Scene(title="a forward to another alias", person="tom.forwards+orders@example.net", play=forwarded),
    Scene(title="“this is spam”", person="mia.complains@example.com", play=complaint),
    Scene(title="an alias for contacts only", person="zoe.accepts@example.net", play=policy),
    Scene(title="a mail loop", person="robot.loops@example.net", play=loop),
    Scene(title="mail that nothing claims", person="pat.accepts@example.com", play=parked),
    Scene(title="a mailing to five hundred", person="news@example.org", play=mailing),
)


# --- what they look for ---


def _first(session: Session, person: str, outcome: Outcome) -> Arrival | None:
    return next(iter(arrivals_of(session, person, outcome)), None)


def _order_of(session: Session, person: str) -> Arrival | None:
    routed = arrivals_of(session, person, Outcome.ROUTED)
    return next((one for one in routed if one.routes[0]["model"] != "helpdesk.ticket"), None)


def _report_about(session: Session, person: str) -> Arrival | None:
    domain = person.rpartition("@")[2]
    return _first(session, f"feedback@{domain}", Outcome.REPORTED)


def _tagged(session: Session, person: str) -> Arrival | None:
    ignored: Iterator[Arrival] = iter(arrivals_of(session, person, Outcome.IGNORED))
    return next((one for one in ignored if "loop-tag" in one.reason), None)


def _line(reply: str) -> str:
    return " ".join(reply.split())
