"""Idempotency-Key (draft-ietf-httpapi-idempotency-key-header): a request that is sent again is answered as before.

The key is claimed and committed before the request is worked on, so that of two at once one waits its turn. An answer with an error is not kept:
nothing was done, and the request may be tried again. Answers are kept for a day. If the process dies in between, the key is free again
after two minutes; sending mail is safe even then, because the key travels into the outbox.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from mailloom.store.requests import ApiRequest, RequestState

KEPT = timedelta(days=1)
AT_WORK = timedelta(minutes=2)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A request with a key."""

    token_id: int
    key: str
    digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """An answer as it was given."""

    status: int
    content_type: str
    body: bytes


def request_digest(method: str, target: str, body: bytes) -> str:
    found = hashlib.sha256(f"{method} {target}\n".encode("utf-8", "surrogatepass"))
    found.update(body)
    return found.hexdigest()


def begin(session: Session, asked: Asked, now: datetime) -> tuple[RequestState, Kept | None]:
    """Claim the key, or say what it stands for already. The caller commits at once."""
    session.execute(delete(ApiRequest).where(ApiRequest.created_at < now - KEPT))
    build = sqlite.insert if session.get_bind().dialect.name == "sqlite" else postgresql.insert
    row = {"token_id": asked.token_id, "key": asked.key, "digest": asked.digest, "created_at": now}
    values = {**row, "status": 0, "content_type": "", "body": b""}
    claim = build(ApiRequest).values(values).on_conflict_do_nothing().returning(ApiRequest.key)
    if session.scalar(claim) is not None:
        return RequestState.NEW, None
    found = session.get_one(ApiRequest, (asked.token_id, asked.key), with_for_update=True)
    if found.digest != asked.digest:
        return RequestState.DIFFERENT, None
    if found.status:
        return RequestState.ANSWERED, Kept(status=found.status, content_type=found.content_type, body=found.body)
    if found.created_at > now - AT_WORK:
        return RequestState.RUNNING, None
    found.created_at = now
    return RequestState.NEW, None


def finish(session: Session, asked: Asked, kept: Kept, now: datetime) -> None:
    session.execute(
        update(ApiRequest)
        .where(ApiRequest.token_id == asked.token_id, ApiRequest.key == asked.key)
        .values(status=kept.status, content_type=kept.content_type, body=kept.body, answered_at=now)
    )


def forget(session: Session, asked: Asked) -> None:
    """The request failed: the key is free again."""
    session.execute(delete(ApiRequest).where(ApiRequest.token_id == asked.token_id, ApiRequest.key == asked.key))
