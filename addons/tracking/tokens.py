"""What the links of measured mail carry: which delivery, which variant. Signed, so that nobody makes one that we did not send.

Which of the mail's links it is stands beside the token, unsigned: whoever has one link of a mail has them all.
"""

from __future__ import annotations

from dataclasses import dataclass

from mailloom.api import Office
from mailloom.mail.token import Purpose, number_payload, payload_number, sign, verify

KEYRING = "tracking"
_TRACKING = Purpose(name="tracking")


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """The mail that a visit comes from."""

    delivery_id: int
    variant_id: int


def make_token(office: Office, trace: Trace) -> str:
    delivery = number_payload(trace.delivery_id)
    payload = bytes([len(delivery)]) + delivery + number_payload(trace.variant_id)
    return sign(_TRACKING, payload, office.keyring(KEYRING))


def read_token(office: Office, token: str) -> Trace | None:
    """None when we did not make it, or its key is gone."""
    payload = verify(_TRACKING, token, office.keyring(KEYRING))
    if payload is None:
        return None
    end = 1 + payload[0]
    return Trace(delivery_id=payload_number(payload[1:end]), variant_id=payload_number(payload[end:]))
