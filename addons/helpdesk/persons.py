"""A customer's tickets: handed out, and without the customer's address when that is to be forgotten."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import Session

from mailloom.mail.address import normalise, parse_addresses

from .models import Ticket


def export(session: Session, key: str) -> Mapping[str, Sequence[Mapping[str, Any]]]:
    found = session.scalars(select(Ticket).where(Ticket.customer == key).order_by(Ticket.id))
    return {"tickets": [{"id": one.id, "name": one.name, "state": one.state.value} for one in found]}


def erase(session: Session, key: str) -> Mapping[str, int]:
    mine: ColumnElement[bool] = or_(Ticket.customer == key, Ticket.cc.icontains(key, autoescape=True))
    found = session.scalars(select(Ticket).where(mine)).all()
    for ticket in found:
        if ticket.customer == key:
            ticket.customer, ticket.name = "", "(erased)"
        others = [each for each in parse_addresses(ticket.cc) if normalise(each.address) != key]
        ticket.cc = ", ".join(str(each) for each in others)
    return {"tickets": len(found)}
