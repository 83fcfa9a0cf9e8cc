"""What the guided set-up asks of aliases: a domain, and the first address whose mail becomes something."""

from __future__ import annotations

from sqlalchemy import select

from mailloom.api import Office, Permission
from mailloom.api.web import SetupStep
from mailloom.store.domains import MailDomain

from .models import Alias


def _has_domain(office: Office) -> bool:
    with office.read() as session:
        return session.scalar(select(MailDomain.id).limit(1)) is not None


def _has_alias(office: Office) -> bool:
    with office.read() as session:
        return session.scalar(select(Alias.id).limit(1)) is not None


STEPS = (
    SetupStep(
        name="domain",
        title="Name your mail domain",
        summary="What stands behind the @ of your addresses. Answers and bounces come back to addresses in it.",
        path="/aliases/domains/new",
        label="Add a domain",
        permission=Permission.ROUTING_WRITE,
        done=_has_domain,
        order=50,
    ),
    SetupStep(
        name="alias",
        title="Make the first address",
        summary="An alias such as support@ says what its mail becomes: a ticket, say.",
        path="/aliases/new",
        label="Add an alias",
        permission=Permission.ROUTING_WRITE,
        done=_has_alias,
        order=60,
    ),
)
