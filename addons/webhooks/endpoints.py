"""Endpoints as people keep them: add, change, rotate the secret, pause and go on, remove. The caller commits."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from mailloom.api import office_of
from mailloom.api.network_fetch import check_url
from mailloom.errors import ConfigurationError, NotFound, Refused
from mailloom.store.memory import Memory
from mailloom.store.threads import Thread

from .models import DeliveryState, Endpoint, EventKind, WebhookDelivery
from .settings import WebhookSettings
from .signing import Secret, holding, new_secret, read, rotated, written

MODEL = "webhooks.record"
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,19}")
_ENDPOINTS = Memory(Endpoint)


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointForm:
    """What a person enters. None leaves a field as it is."""

    url: str | None = None
    title: str | None = None
    kinds: Sequence[EventKind] | None = None
    takes_records: bool | None = None


def all_endpoints(session: Session) -> list[Endpoint]:
    """By id; read once a session, because they are asked for with every message."""
    known = _ENDPOINTS.of(session)
    if "all" not in known:
        known["all"] = list(session.scalars(select(Endpoint).order_by(Endpoint.id)))
    found: list[Endpoint] = known["all"]
    return found


def find_endpoint(session: Session, name: str) -> Endpoint:
    found = next((each for each in all_endpoints(session) if each.name == name), None)
    if found is None:
        raise NotFound(
            f"There is no webhook endpoint {name[:50]!r}.", remedy="`mailloom webhooks list` shows them all."
        )
    return found


def add_endpoint(session: Session, name: str, form: EndpointForm) -> tuple[Endpoint, str]:
    """The endpoint and its secret. Its address is looked at by form only: where it leads is judged with each request."""
    if not _NAME.fullmatch(name):
        raise ConfigurationError(
            f"{name[:50]!r} cannot name an endpoint.", remedy="Use a-z, 0-9 and hyphens, at most 20 characters."
        )
    if not form.url:
        raise ConfigurationError("An endpoint needs an address.", remedy="Write https:// and where events shall go.")
    if any(each.name == name for each in all_endpoints(session)):
        raise Refused(f"There is an endpoint {name} already.", remedy="Choose another name, or change that one.")
    office, secret = office_of(session), new_secret()
    endpoint = Endpoint(name=name, secrets=office.seal(written([secret])), created_at=office.now())
    _fill(endpoint, form)
    session.add(endpoint)
    session.flush()
    return endpoint, secret.text


def change_endpoint(session: Session, endpoint: Endpoint, form: EndpointForm) -> None:
    """What it was told already stays told; what it newly wants to hear begins now."""
    if form.takes_records is False and endpoint.takes_records and _has_records(session, endpoint):
        raise Refused(
            f"Conversations belong to records of {endpoint.name}.", remedy="Leave them there, or remove the endpoint."
        )
    _fill(endpoint, form)
    endpoint.failures, endpoint.rests_until = 0, None
    session.flush()


def rotate_secret(session: Session, endpoint: Endpoint) -> str:
    """A new secret; the old ones sign beside it for the hours of the settings."""
    office = office_of(session)
    settings = office.settings("webhooks")
    assert isinstance(settings, WebhookSettings)
    now = office.now()
    held = rotated(secrets_of(session, endpoint), now, now + timedelta(hours=settings.overlap_hours))
    endpoint.secrets = office.seal(written(held))
    session.flush()
    return held[0].text


def secrets_of(session: Session, endpoint: Endpoint) -> list[Secret]:
    """Those that hold now, the newest first."""
    office = office_of(session)
    return holding(read(office.unseal(endpoint.secrets)), office.now())


def pause(endpoint: Endpoint, reason: str) -> None:
    """Nothing is sent; events wait."""
    endpoint.paused, endpoint.paused_reason = True, reason


def resume(session: Session, endpoint: Endpoint, give_up_days: int) -> None:
    """What waited has all its time again."""
    now = office_of(session).now()
    endpoint.paused, endpoint.paused_reason, endpoint.failures, endpoint.rests_until = False, "", 0, None
    waiting = WebhookDelivery.state == DeliveryState.WAITING
    session.execute(
        update(WebhookDelivery)
        .where(WebhookDelivery.endpoint_id == endpoint.id, waiting)
        .values(due=now, give_up_at=now + timedelta(days=give_up_days))
    )


def remove_endpoint(session: Session, endpoint: Endpoint) -> None:
    """With its log and what waits for it; the conversations of its records stay."""
    session.delete(endpoint)
    session.flush()


def _fill(endpoint: Endpoint, form: EndpointForm) -> None:
    if form.url is not None:
        check_url(form.url)
        endpoint.url = form.url
    if form.title is not None:
        if not form.title.isprintable() or len(form.title) > 100:
            raise ConfigurationError("A title has at most 100 characters in one line.", remedy="Shorten it.")
        endpoint.title = form.title
    if form.kinds is not None:
        endpoint.kinds = [EventKind(kind).value for kind in form.kinds]
    if form.takes_records is not None:
        endpoint.takes_records = form.takes_records


def _has_records(session: Session, endpoint: Endpoint) -> bool:
    own = Thread.record_id.startswith(f"{endpoint.name}:", autoescape=True)
    return bool(session.scalar(select(func.count(Thread.id)).where(Thread.model == MODEL, own)))
