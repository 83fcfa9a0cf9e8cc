"""What `mailloom doctor` says about keys, by the last look into the DNS."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import select

from mailloom.api import Check, Finding, Office, Severity
from mailloom.errors import SecretUnreadable

from .models import DkimKey, KeyState


def findings(office: Office) -> Iterable[Finding]:
    """One finding for each key that signs or waits."""
    with office.read() as session:
        chosen = select(DkimKey).where(DkimKey.state.in_([KeyState.WAITING, KeyState.SIGNING])).order_by(DkimKey.id)
        return [_finding(office, key) for key in session.scalars(chosen)]


def _finding(office: Office, key: DkimKey) -> Finding:
    remedy = f"Publish its record: mailloom dkim record {key.domain}"
    if key.private is not None and (fault := _unreadable(office, key)):
        return Finding(subject=key.name, severity=Severity.BAD, text=fault, remedy="Put back the key file.")
    if key.state is KeyState.WAITING:
        text = f"waits to be published ({key.finding or 'not looked for yet'})"
        severity = Severity.GOOD if key.seen_at else Severity.WARNING
        return Finding(subject=key.name, severity=severity, text=text, remedy="" if key.seen_at else remedy)
    if key.seen_at is None:
        return Finding(subject=key.name, severity=Severity.BAD, text=f"signs, but {key.finding}", remedy=remedy)
    return Finding(subject=key.name, severity=Severity.GOOD, text="signs and is published")


def _unreadable(office: Office, key: DkimKey) -> str:
    try:
        assert key.private is not None
        office.unseal(key.private)
    except SecretUnreadable as error:
        return str(error)
    return ""


CHECK = Check(name="dkim", run=findings)
