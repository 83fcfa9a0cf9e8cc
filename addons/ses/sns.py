"""An SNS call as Amazon documents it ("Parsing message formats", "Verifying the signatures"): its fields, its addresses, what is signed.

Everything in a call is a stranger's word until the signature was checked. What is checked first is cheap and needs nobody else: form, topic,
age, and that the certificate lies where only Amazon can put it. No address is visited before.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

from mailloom.errors import MailloomError

from .regions import REGION_PATTERN, domain_suffix

LARGEST_BODY: Final = 1_000_000
_CLOCKS_DIFFER: Final = timedelta(minutes=15)
_LONGEST_FIELD: Final = 600_000
_TOPIC: Final = re.compile(rf"arn:aws[a-z-]{{0,10}}:sns:(?P<region>{REGION_PATTERN}):\d{{12}}:[A-Za-z0-9_.-]{{1,256}}")
_ID: Final = re.compile(r"[A-Za-z0-9-]{8,64}")
_CERTIFICATE: Final = re.compile(r"/SimpleNotificationService-[A-Za-z0-9]{1,128}\.pem")
_PLAIN: Final = re.compile(r"[!-~]{1,2000}")


class CallRefused(MailloomError):
    """The call is not believed, or cannot be dealt with now. `status` is what the caller is told."""

    def __init__(self, message: str, *, status: int = 403, remedy: str = "") -> None:
        super().__init__(message, remedy=remedy)
        self.status = status


class CallType(StrEnum):
    NOTIFICATION = "Notification"
    SUBSCRIPTION = "SubscriptionConfirmation"
    UNSUBSCRIPTION = "UnsubscribeConfirmation"


_SIGNED_NOTICE: Final = ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type")
_SIGNED_SUBSCRIPTION: Final = ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type")
SIGNED: Final = {
    CallType.NOTIFICATION: _SIGNED_NOTICE,
    CallType.SUBSCRIPTION: _SIGNED_SUBSCRIPTION,
    CallType.UNSUBSCRIPTION: _SIGNED_SUBSCRIPTION,
}
"""The fields under the signature, in its order. A missing Subject is left out; the others must be there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SnsCall:
    """A call whose form is right. `signed` are the bytes under the signature."""

    type: CallType
    id: str
    topic: str
    message: str
    sent_at: datetime
    signed: bytes
    signature: str
    version: str
    certificate_url: str
    subscribe_url: str


def read_call(body: bytes) -> SnsCall:
    """The call in a body; CallRefused for everything that SNS would not send."""
    fields = _fields(body)
    try:
        kind = CallType(_text(fields, "Type"))
    except ValueError:
        raise CallRefused("This is no type of SNS call.") from None
    return SnsCall(
        type=kind,
        id=checked_id(_text(fields, "MessageId")),
        topic=_text(fields, "TopicArn"),
        message=_text(fields, "Message"),
        sent_at=_moment(_text(fields, "Timestamp")),
        signed=signed_bytes(kind, fields),
        signature=_text(fields, "Signature"),
        version=_text(fields, "SignatureVersion"),
        certificate_url=_text(fields, "SigningCertURL"),
        subscribe_url=_text(fields, "SubscribeURL") if kind is not CallType.NOTIFICATION else "",
    )


def signed_bytes(kind: CallType, fields: Mapping[str, Any]) -> bytes:
    """Name and value of each signed field, each followed by a line feed."""
    names = [name for name in SIGNED[kind] if name != "Subject" or fields.get(name) is not None]
    text = "".join(f"{name}\n{_text(fields, name)}\n" for name in names)
    try:
        return text.encode()
    except UnicodeEncodeError:
        raise CallRefused("The call holds half characters.") from None


def checked_id(text: str) -> str:
    if not _ID.fullmatch(text):
        raise CallRefused("The call has no id.")
    return text


def region_of(topic: str) -> str:
    """The region of a topic's ARN; CallRefused for what is none."""
    found = _TOPIC.fullmatch(topic)
    if found is None:
        raise CallRefused("The call names no topic.")
    return found["region"]


def check_age(call: SnsCall, now: datetime, hours: int) -> None:
    """CallRefused for a call that is older than `hours`, or from the future."""
    if not now - timedelta(hours=hours) <= call.sent_at <= now + _CLOCKS_DIFFER:
        raise CallRefused("The call is too old, or comes from the future.")


def check_certificate_url(url: str, topic: str) -> None:
    """Only `https://sns.<the topic's region>.<Amazon's domain>/SimpleNotificationService-….pem`, and nothing more in it."""
    if not _PLAIN.fullmatch(url) or not url.startswith(_host_of(topic)):
        raise CallRefused("The certificate does not lie with Amazon SNS.")
    if not _CERTIFICATE.fullmatch(url.removeprefix(_host_of(topic))):
        raise CallRefused("The address of the certificate has not the form that SNS uses.")


def check_subscribe_url(url: str, topic: str) -> None:
    """Only the confirmation of this very topic at SNS in its region."""
    host = _host_of(topic)
    if not _PLAIN.fullmatch(url) or not (url.startswith((host + "/?", host + "?"))) or "#" in url:
        raise CallRefused("The address to confirm does not lie with Amazon SNS.")
    query = parse_qs(urlsplit(url).query)
    if query.get("Action") != ["ConfirmSubscription"] or query.get("TopicArn") != [topic]:
        raise CallRefused("The address does not confirm a subscription to this topic.")


def _host_of(topic: str) -> str:
    region = region_of(topic)
    return f"https://sns.{region}.{domain_suffix(region)}"


def _fields(body: bytes) -> Mapping[str, Any]:
    if len(body) > LARGEST_BODY:
        raise CallRefused("The call is larger than any of SNS.", status=413)
    try:
        fields = json.loads(body)
    except (ValueError, RecursionError):
        raise CallRefused("The call is no JSON.") from None
    if not isinstance(fields, dict):
        raise CallRefused("The call is no JSON object.")
    return fields


def _text(fields: Mapping[str, Any], name: str) -> str:
    value = fields.get(name)
    if not isinstance(value, str) or len(value) > _LONGEST_FIELD:
        raise CallRefused(f"The call has no {name}.")
    return value


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text[:40])
        return moment.astimezone(UTC) if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        raise CallRefused("The call has no readable Timestamp.") from None
