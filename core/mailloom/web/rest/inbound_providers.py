"""/inbound/mailgun, /inbound/sendgrid, /inbound/postmark: mail from providers' inbound services, in the forms that carry it byte by byte.

Mailgun: a route that forwards to an address ending in `mime`. SendGrid: Inbound Parse with "POST the raw, full MIME message". Postmark: "Include raw
email content in JSON payload". They sign in by a token as the password of the address: https://any:TOKEN@mail.example.org/api/v1/inbound/….
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from email import message_from_bytes
from email.message import Message as Part
from enum import StrEnum
from typing import Any
from urllib.parse import parse_qsl

from fastapi import Request
from fastapi.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException

from mailloom.api.access import Permission
from mailloom.api.receiving import Mailing
from mailloom.api.rest_routes import api_router, needs, refuse_odd_values
from mailloom.web.rest.here import Here
from mailloom.web.rest.inbound import Taken, take, with_crlf

router = api_router(tags=["arrivals"])
_MOST_FIELDS = 500
_LONGEST = 320
_FORM = "multipart/form-data"
_URLENCODED = "application/x-www-form-urlencoded"
_JSON = "application/json"


class Provider(StrEnum):
    MAILGUN = "mailgun"
    SENDGRID = "sendgrid"
    POSTMARK = "postmark"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Call:
    """A mail as a provider brought it. None: the provider did not say."""

    raw: bytes
    sender: str | None
    recipients: list[str] | None


Reader = Callable[[str, bytes], _Call]


@router.post(
    "/inbound/{provider}",
    dependencies=[needs(Permission.MESSAGES_WRITE)],
    openapi_extra={"requestBody": {"required": True, "content": {_FORM: {}, _URLENCODED: {}, _JSON: {}}}},
)
async def take_from_provider(app: Here, request: Request, provider: Provider) -> Taken:
    """Take one mail from a provider's inbound service. It is safe when this answers."""
    kind = request.headers.get("content-type", "")
    call = _READERS[provider](kind, await request.body())
    mailing = Mailing(raw=with_crlf(call.raw), recipients=call.recipients, envelope_from=call.sender)
    return await run_in_threadpool(take, app, mailing)


def _mailgun(kind: str, body: bytes) -> _Call:
    fields = _fields(kind, body)
    return _Call(
        raw=_needed(fields, "body-mime", "Let the route's address end in `mime`."),
        sender=_address(fields.get("sender")),
        recipients=_addresses(_text(fields.get("recipient")).split(",")),
    )


def _sendgrid(kind: str, body: bytes) -> _Call:
    fields = _fields(kind, body)
    envelope = _object(fields.get("envelope", b"{}"))
    sender = envelope.get("from")
    return _Call(
        raw=_needed(fields, "email", "Switch on: POST the raw, full MIME message."),
        sender=sender if isinstance(sender, str) and len(sender) <= _LONGEST else None,
        recipients=_addresses(envelope.get("to")),
    )


def _postmark(kind: str, body: bytes) -> _Call:
    if kind.partition(";")[0].strip().lower() != _JSON:
        raise HTTPException(415, "Postmark sends JSON (Content-Type: application/json).")
    said = _object(body)
    raw = said.get("RawEmail")
    if not isinstance(raw, str) or not raw:
        raise HTTPException(422, "RawEmail is missing. Switch on: Include raw email content in JSON payload.")
    return _Call(
        raw=raw.encode("utf-8", "replace"),
        sender=_address(str(said.get("MailFrom") or said.get("From") or "").encode()) or None,
        recipients=_addresses([said.get("OriginalRecipient")]),
    )


_READERS: Mapping[Provider, Reader] = {
    Provider.MAILGUN: _mailgun,
    Provider.SENDGRID: _sendgrid,
    Provider.POSTMARK: _postmark,
}


def _fields(kind: str, body: bytes) -> dict[str, bytes]:
    """The fields of a form as the octets they are: a mail is no text, and decoding it as one would change it."""
    named = kind.partition(";")[0].strip().lower()
    if named == _URLENCODED:
        try:
            pairs = parse_qsl(body.decode("latin-1"), encoding="latin-1", max_num_fields=_MOST_FIELDS)
        except ValueError as error:
            raise HTTPException(422, "The form has too many fields.") from error
        return {name: value.encode("latin-1") for name, value in pairs}
    if named != _FORM:
        raise HTTPException(415, f"This takes a form (Content-Type: {_FORM}).")
    whole = message_from_bytes(f"Content-Type: {kind}\r\n\r\n".encode("latin-1", "replace") + body)
    parts = whole.get_payload()
    if not isinstance(parts, list) or len(parts) > _MOST_FIELDS:
        raise HTTPException(422, "The form cannot be read.")
    return {name: content for part in parts if isinstance(part, Part) for name, content in _field(part)}


def _field(part: Part) -> list[tuple[str, bytes]]:
    name = part.get_param("name", header="content-disposition")
    content = part.get_payload(decode=True)
    if not isinstance(name, str) or not isinstance(content, bytes):
        return []
    return [(name, content)]


def _needed(fields: Mapping[str, bytes], name: str, remedy: str) -> bytes:
    if not fields.get(name):
        raise HTTPException(422, f"The field {name} is missing. {remedy}")
    return fields[name]


def _object(text: bytes) -> dict[str, Any]:
    try:
        said = json.loads(text)
        refuse_odd_values({name: value for name, value in said.items() if name != "RawEmail"})
    except (ValueError, RecursionError, AttributeError) as error:
        raise HTTPException(422, "The JSON cannot be read.") from error
    return dict(said)


def _text(value: bytes | None) -> str:
    return (value or b"").decode("utf-8", "replace").strip()


def _address(value: bytes | None) -> str | None:
    """What stands in <> where there is something; longer ones are none."""
    text = _text(value)
    bare = text.rpartition("<")[2].partition(">")[0] if "<" in text else text
    return bare if value is not None and len(bare) <= _LONGEST else None


def _addresses(given: Any) -> list[str] | None:
    if not isinstance(given, list):
        return None
    found = [each.strip() for each in given if isinstance(each, str) and 0 < len(each.strip()) <= _LONGEST]
    return found[:100] or None
