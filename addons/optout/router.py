"""The `unsubscribe` router: mail to unsubscribe@ is an opt-out. A token of ours in it is the proof; without one the sender must not be a forged one.

It stands before the reports, because mail programs may mark what they send of themselves as automatic.
"""

from __future__ import annotations

from functools import partial

from sqlalchemy.orm import Session

from mailloom.api import Incoming, Office, Parked, Pass, Reported, Verdict, office_of
from mailloom.mail.report import Kind
from mailloom.store.domains import all_domains

from .links import Link, find_token
from .models import Source
from .settings import settings_of
from .statements import opt_out

_WORDS_READ = 4000


class UnsubscribeRouter:
    name = "unsubscribe"
    order = 24
    summary = "Mail to the unsubscribe address: whoever it is about gets no more of this marketing mail."

    def route(self, incoming: Incoming, session: Session) -> Verdict:
        office = office_of(session)
        hit = next((key for key in incoming.recipients if is_unsubscribe_address(office, session, key)), "")
        if not hit:
            return Pass(why="not to the unsubscribe address")
        words = f"{incoming.mail.subject}\n{incoming.visible().text[:_WORDS_READ]}"
        if (link := find_token(office, words)) is not None:
            why = f"the token in it opts out of {link.topic or 'all marketing'}"
            return Reported(why=why, carry_out=partial(_opt_out, link, incoming, "token"))
        return self._without_token(incoming)

    def _without_token(self, incoming: Incoming) -> Verdict:
        report = incoming.report()
        if report is not None and report.kind is not Kind.NORMAL:
            return Pass(why=f"a report ({report.kind}) that holds no token of ours")
        if not incoming.from_key:
            return Parked(why="it asks to unsubscribe, but names no sender and holds no token of ours")
        proof = incoming.prove_sender()
        if proof.genuine is False:
            return Parked(
                why=f"it asks to unsubscribe without a token of ours, and its sender is not proved: {proof.why}"
            )
        link = Link(key=incoming.from_key)
        return Reported(
            why="its sender opts out of all marketing",
            carry_out=partial(_opt_out, link, incoming, f"From: {proof.why}"),
        )


def is_unsubscribe_address(office: Office, session: Session, key: str) -> bool:
    """Whether a normalised address is unsubscribe@ of a domain of ours, with or without anything after a plus."""
    localpart, _, domain = key.rpartition("@")
    if localpart.partition("+")[0] != settings_of(office).mailbox:
        return False
    return any(domain == one.name for one in all_domains(session))


def _opt_out(link: Link, incoming: Incoming, proof: str, session: Session) -> None:
    evidence = {
        "arrival": str(incoming.arrival_id),
        "from": incoming.from_key,
        "message_id": incoming.mail.message_id,
        "proof": proof,
    }
    opt_out(session, link.key, topic=link.topic, source=Source.MAILTO, evidence=evidence, mailing=link.mailing)
