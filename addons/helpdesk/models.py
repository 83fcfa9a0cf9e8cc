"""Teams, which own an address, and tickets, which are made of the mail that comes there.

(mail) ──► NEW ──► OPEN ──► WAITING ──► SOLVED
                    ▲  we write │  ▲       │
                    └───────────┴──┴───────┘  the customer writes
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from sqlalchemy import ForeignKey, String, Text
from sqlalchemy.orm import Mapped, Session, mapped_column

from mailloom.api import HasAlias, MessageKind, Threaded
from mailloom.store.base import Base, RowId
from mailloom.store.messages import Message
from mailloom.store.types import EnumText


class TicketState(StrEnum):
    NEW = "new"
    OPEN = "open"
    WAITING = "waiting"
    """For the customer."""
    SOLVED = "solved"


class Team(HasAlias, Base):
    """People who answer one address."""

    __tablename__ = "helpdesk_team"
    thread_model = "helpdesk.team"
    alias_model = "helpdesk.ticket"

    id: Mapped[RowId]
    name: Mapped[str] = mapped_column(String(100), unique=True)

    def alias_defaults(self) -> dict[str, Any]:
        return {"team_id": self.id}


class Ticket(Threaded, Base):
    """One customer's question."""

    __tablename__ = "helpdesk_ticket"
    thread_model = "helpdesk.ticket"
    address_field = "customer"
    cc_field = "cc"
    filter_fields = ("name", "state", "team_id")

    id: Mapped[RowId]
    name: Mapped[str] = mapped_column(String(500))
    customer: Mapped[str] = mapped_column(String(320), default="")
    cc: Mapped[str] = mapped_column(Text, default="")
    state: Mapped[TicketState] = mapped_column(EnumText(TicketState), default=TicketState.NEW)
    team_id: Mapped[int | None] = mapped_column(ForeignKey("helpdesk_team.id"), default=None)


def follow_conversation(ticket: Ticket, message: Message, session: Session) -> None:
    """A word of the customer opens the ticket, a word of ours waits for his; what programs say changes nothing."""
    if message.kind is MessageKind.MAIL and not message.created_record:
        ticket.state = TicketState.OPEN
    elif message.kind is MessageKind.COMMENT:
        ticket.state = TicketState.WAITING
