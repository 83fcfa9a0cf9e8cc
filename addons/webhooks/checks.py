"""What `mailloom doctor` says of webhooks: endpoints that stand still, and events that wait for a person."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import func, select

from mailloom.api import Check, Finding, Office, Severity

from .endpoints import all_endpoints
from .models import DeliveryState, Endpoint, WebhookDelivery


def findings(office: Office) -> Iterable[Finding]:
    counted = select(WebhookDelivery.endpoint_id, func.count().label("parked")).group_by(WebhookDelivery.endpoint_id)
    with office.read() as session:
        parked = session.execute(counted.where(WebhookDelivery.state == DeliveryState.PARKED))
        counts = {row.endpoint_id: row.parked for row in parked}
        return [_finding(endpoint, counts.get(endpoint.id, 0)) for endpoint in all_endpoints(session)]


def _finding(endpoint: Endpoint, parked: int) -> Finding:
    subject = f"webhook {endpoint.name}"
    if endpoint.paused:
        text, remedy = (
            f"it is paused: {endpoint.paused_reason}",
            f"Go on with: mailloom webhooks resume {endpoint.name}",
        )
    elif parked:
        text = f"{parked} events were given up"
        remedy = f"Tell them again: mailloom webhooks replay {endpoint.name}, or pass over them with `skip`."
    elif endpoint.failures:
        text = f"it failed {endpoint.failures} times in a row: {endpoint.last_error}"
        remedy = f"Try it: mailloom webhooks test {endpoint.name}"
    else:
        return Finding(subject=subject, severity=Severity.GOOD, text="it takes what it is told")
    return Finding(subject=subject, severity=Severity.WARNING, text=text, remedy=remedy)


CHECK = Check(name="webhooks", run=findings)
