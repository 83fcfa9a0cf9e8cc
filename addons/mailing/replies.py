"""Sees answers to mailings on their way in, whatever becomes of them: they start conversations of their own, and count as replies all the same."""

from __future__ import annotations

from sqlalchemy.orm import Session

from mailloom.api import Incoming, Pass, Verdict
from mailloom.mail.report import Kind

from .feeding import COMPOSER
from .marks import note_replied


class ReplyCounter:
    """Decides nothing. Automatic answers are no replies; they do not come this far, or say what they are."""

    name = "mailing-reply"
    order = 44
    summary = "Counts answers to mailings; decides nothing."

    def route(self, incoming: Incoming, session: Session) -> Verdict:
        answered = [message for message in incoming.referenced if message.composer == COMPOSER]
        if not answered:
            return Pass(why="it answers no mailing")
        report = incoming.report()
        if incoming.dry_run or (report is not None and report.kind is not Kind.NORMAL):
            return Pass(why="it answers a mailing, and is not counted")
        newest = answered[0].id
        note_replied(session, newest, incoming.from_key, incoming.now, delivery_id=incoming.answered.get(newest))
        return Pass(why=f"it answers a mailing (message {newest}); counted as a reply")
