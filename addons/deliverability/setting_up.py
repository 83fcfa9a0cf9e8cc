"""What the guided set-up asks of deliverability: records in the DNS, until a look at a domain finds nothing that is bad."""

from __future__ import annotations

from sqlalchemy import select

from mailloom.api import Office, Permission
from mailloom.api.checks import Severity
from mailloom.api.web import SetupStep

from .models import DomainLook

_FINE = (Severity.GOOD, Severity.WARNING)


def _stands_well(office: Office) -> bool:
    with office.read() as session:
        return session.scalar(select(DomainLook.domain).where(DomainLook.severity.in_(_FINE)).limit(1)) is not None


STEP = SetupStep(
    name="records",
    title="Publish your DNS records",
    summary="SPF, DKIM and DMARC prove that your mail is yours. The records to paste are made for your domain and servers.",
    path="/deliverability",
    label="To the records",
    permission=Permission.DELIVERABILITY_WRITE,
    done=_stands_well,
    order=70,
)
