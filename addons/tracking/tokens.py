"""What the links of measured mail carry: which delivery, which variant, which of its links. Signed, so that nobody makes one that we did not send."""

from __future__ import annotations

from dataclasses import dataclass

from mailloom.api import Office
from mailloom.mail.token import Purpose, number_payload, payload_number, sign, verify

from .models import Act

KEYRING = "tracking"
TRACKING = Purpose(name="tracking")
NO_POSITION = -1
_ACTS = {Act.OPEN: b"o", Act.CLICK: b"c", Act.TRAP: b"t"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """A visit's way back. `position`: of the link among the variant's, `NO_POSITION` for pictures and traps."""

    act: Act
    delivery_id: int
    variant_id: int
    position: int = NO_POSITION


def make_token(office: Office, trace: Trace) -> str:
    numbers = (trace.delivery_id, trace.variant_id, trace.position + 1)
    payload = _ACTS[trace.act] + b"".join(_sized(number_payload(number)) for number in numbers)
    return sign(TRACKING, payload, office.keyring(KEYRING))


def read_token(office: Office, token: str) -> Trace | None:
    """None when we did not make it, or its key is gone."""
    payload = verify(TRACKING, token, office.keyring(KEYRING))
    if payload is None:
        return None
    act = next(act for act, mark in _ACTS.items() if payload.startswith(mark))
    delivery_id, variant_id, place = _numbers(payload[1:])
    return Trace(act=act, delivery_id=delivery_id, variant_id=variant_id, position=place - 1)


def _sized(octets: bytes) -> bytes:
    return bytes([len(octets)]) + octets


def _numbers(octets: bytes) -> list[int]:
    numbers = []
    while octets:
        size = octets[0] + 1
        numbers.append(payload_number(octets[1:size]))
        octets = octets[size:]
    return numbers
