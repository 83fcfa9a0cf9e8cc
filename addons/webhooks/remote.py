"""Records of other applications as a thread model: mail makes one, the application that is told of it answers with its id.

A record goes by `endpoint:id`; until its id is known, by `endpoint:~number`. An alias names the endpoint among its defaults; its other defaults are
fields that the application understands. What another application holds cannot be looked up, so any id of an endpoint counts as there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from mailloom.api import office_of
from mailloom.errors import ConfigurationError, NotFound, Refused
from mailloom.mail.message import Message as Mail
from mailloom.store.messages import Message
from mailloom.store.threads import Thread

from .endpoints import MODEL, all_endpoints, find_endpoint
from .models import Endpoint, RemoteRecord

LONGEST_ID = 40
_MOST_FIELDS = 30
_ENDPOINT = "endpoint"


class RemoteModel:
    """`ThreadModel` over the records of all endpoints that take some."""

    name = MODEL
    title = "Record of another application"
    private = False

    def check_defaults(self, defaults: Mapping[str, Any]) -> None:
        if not isinstance(defaults.get(_ENDPOINT, ""), str) or len(defaults) > _MOST_FIELDS:
            raise ConfigurationError(
                "The default `endpoint` names a webhook endpoint.", remedy="For instance: --default endpoint=shop"
            )
        for field, value in defaults.items():
            if value is not None and not isinstance(value, (str, int, float, bool)):
                raise ConfigurationError(f"The default {field!r} is no plain value.", remedy="Use text or numbers.")

    def create(
        self,
        session: Session,
        *,
        subject: str,
        address: str,
        cc: Sequence[str],
        defaults: Mapping[str, Any],
        mail: Mail | None,
    ) -> str:
        self.check_defaults(defaults)
        endpoint = _chosen(session, str(defaults.get(_ENDPOINT, "")))
        fields = {name: value for name, value in defaults.items() if name != _ENDPOINT}
        made = RemoteRecord(
            endpoint_id=endpoint.id,
            title=subject,
            address=address[:320],
            defaults=fields,
            created_at=office_of(session).now(),
        )
        session.add(made)
        session.flush()
        return f"{endpoint.name}:~{made.id}"

    def exists(self, session: Session, record: str) -> bool:
        name, _, remote_id = record.partition(":")
        known = any(each.name == name and each.takes_records for each in all_endpoints(session))
        if not known or not remote_id:
            return False
        return remote_record(session, record) is not None if remote_id.startswith("~") else _fits(remote_id)

    def title_of(self, session: Session, record: str) -> str:
        found = remote_record(session, record)
        return found.title if found is not None else ""

    def merge_cc(self, session: Session, record: str, cc: Sequence[str]) -> None:
        """The application is told of each message, and keeps what it likes."""

    def message_posted(self, session: Session, record: str, message: Message, thread: Thread) -> None:
        """Told as an event like any other; see `recording`."""


def remote_record(session: Session, record: str) -> RemoteRecord | None:
    """What we know of a record by its id or its provisional one; None for one that mail did not make."""
    name, _, remote_id = record.partition(":")
    endpoint = next((each for each in all_endpoints(session) if each.name == name), None)
    if endpoint is None:
        return None
    chosen = select(RemoteRecord).where(RemoteRecord.endpoint_id == endpoint.id)
    if remote_id.startswith("~"):
        number = remote_id[1:]
        if not (number.isascii() and number.isdigit() and len(number) < 19):
            return None
        return session.scalar(chosen.where(RemoteRecord.id == int(number), RemoteRecord.remote_id.is_(None)))
    return session.scalar(chosen.where(RemoteRecord.remote_id == remote_id))


def bind(session: Session, provisional: str, remote_id: str) -> str:
    """Let a record that went by a provisional id go by its own from now on, with its conversation; returns `endpoint:id`.

    Bound to the same id again, nothing happens. Refused when the id belongs to another conversation already.
    """
    name, _, number = provisional.partition(":")
    endpoint = find_endpoint(session, name)
    bound = f"{endpoint.name}:{remote_id}"
    if not _fits(remote_id):
        raise ConfigurationError(
            f"{remote_id[:60]!a} is no id of a record.",
            remedy=f"An id has 1 to {LONGEST_ID} printable characters, no spaces, and does not begin with ~.",
        )
    found = remote_record(session, provisional) if number.startswith("~") else None
    if found is None:
        if (known := remote_record(session, bound)) is not None and number == f"~{known.id}":
            return bound
        raise NotFound(f"No record waits for its id as {provisional[:60]!r}.", remedy="It has its id already.")
    taken = select(Thread.id).where(Thread.model == MODEL, Thread.record_id == bound)
    if remote_record(session, bound) is not None or session.scalar(taken) is not None:
        raise Refused(
            f"{bound} has a conversation already.",
            remedy="Answer with the id of a new record for each new conversation.",
        )
    found.remote_id = remote_id
    thread = session.scalar(select(Thread).where(Thread.model == MODEL, Thread.record_id == provisional))
    if thread is not None:
        thread.record_id = bound
    session.flush()
    return bound


def _fits(remote_id: str) -> bool:
    plain = remote_id.isprintable() and not any(letter.isspace() for letter in remote_id)
    return 0 < len(remote_id) <= LONGEST_ID and plain and not remote_id.startswith("~")


def _chosen(session: Session, name: str) -> Endpoint:
    taking = [each for each in all_endpoints(session) if each.takes_records]
    if name:
        found = next((each for each in taking if each.name == name), None)
    else:
        found = taking[0] if len(taking) == 1 else None
    if found is None:
        known = ", ".join(each.name for each in taking) or "none"
        raise ConfigurationError(
            f"No endpoint {name!r} takes records."
            if name
            else "It is not said which application shall have the record.",
            remedy=f"Name one in the default `endpoint` of the alias; those that take records: {known}.",
        )
    return found
