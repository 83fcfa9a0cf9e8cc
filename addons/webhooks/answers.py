"""What a receiver may answer to `thread.created`: `{"record": "4711"}`, the id under which it keeps the record."""

from __future__ import annotations

import json

from sqlalchemy.orm import Session

from mailloom.store.threads import Thread

from .endpoints import MODEL
from .models import Endpoint, EventKind, WebhookDelivery
from .remote import bind


def take_answer(session: Session, delivery: WebhookDelivery, endpoint: Endpoint, body: bytes) -> None:
    """Bind the conversation to the record that the answer names. Without one it keeps its provisional id, to be bound later.

    Raises ConfigurationError or Refused for an id that cannot be."""
    event = delivery.event
    if event.kind is not EventKind.CREATED or event.thread_id is None:
        return
    thread = session.get(Thread, event.thread_id)
    named = _named(body)
    if thread is None or thread.model != MODEL or named is None:
        return
    name, _, number = thread.record_id.partition(":")
    if name == endpoint.name and number.startswith("~"):
        bind(session, thread.record_id, named)


def _named(body: bytes) -> str | None:
    try:
        said = json.loads(body)
    except (ValueError, RecursionError):
        return None
    named = said.get("record") if isinstance(said, dict) else None
    if isinstance(named, bool) or not isinstance(named, (str, int)):
        return None
    return str(named) if isinstance(named, str) or abs(named) < 10**38 else None
