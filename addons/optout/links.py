"""The links of one recipient's mail, and what they say when they come back, for years.

A link carries who, about what and from which mail, encrypted and authenticated at once (AES-SIV, RFC 5297): nobody can read, change or make one, no
table grows with each mail, and a link works as long as its key is in the ring. It is written `<key id>.<base64url>`; the key id names the key of the
ring that made it.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV

from mailloom.api import Office
from mailloom.api.settings import CoreSettings
from mailloom.mail.address import normalise

KEYRING = "opt-out link"
_TOKEN = re.compile(r"([a-z2-9]{1,8})\.([A-Za-z0-9_-]{22,900})")
_BETWEEN = "\n"
"""Stands in no address, topic or reference: all are printable."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """What a link says. `key`: a normalised address; `topic` '' when the mail had none; `mailing` as in `Statement`."""

    key: str
    topic: str = ""
    mailing: str = ""


def make_token(office: Office, link: Link) -> str:
    """The same for the same recipient, topic and mail."""
    ring = office.keyring(KEYRING)
    plain = _BETWEEN.join((link.key, link.topic, link.mailing)).encode("utf-8")
    sealed = AESSIV(ring.secrets[ring.current]).encrypt(plain, [ring.current.encode()])
    return f"{ring.current}.{base64.urlsafe_b64encode(sealed).decode().rstrip('=')}"


def read_token(office: Office, token: str) -> Link | None:
    """None when we did not make it, or its key is gone."""
    found = _TOKEN.fullmatch(token)
    secret = office.keyring(KEYRING).secrets.get(found[1]) if found else None
    if found is None or secret is None:
        return None
    try:
        sealed = base64.urlsafe_b64decode(found[2] + "=" * (-len(found[2]) % 4))
        plain = AESSIV(secret).decrypt(sealed, [found[1].encode()]).decode()
    except (InvalidTag, binascii.Error, ValueError):
        return None
    key, topic, mailing = plain.split(_BETWEEN)
    return Link(key=key, topic=topic, mailing=mailing)


def find_token(office: Office, text: str) -> Link | None:
    """The first link of ours in the words of a mail."""
    return next(filter(None, (read_token(office, found[0]) for found in _TOKEN.finditer(text))), None)


def unsubscribe_url(office: Office, address: str, topic: str, ref: str) -> str:
    """The link to stop mail on the topic, for one recipient; '' while `core.base_url` is not set.

    `ref` names the mail, such as `mailing:12`, and comes back with the answer.
    """
    base = base_url(office)
    return url_of(base, make_token(office, Link(key=normalise(address), topic=topic, mailing=ref))) if base else ""


def preferences_url(office: Office, address: str, topic: str, ref: str) -> str:
    """The link to all that the recipient can choose; as `unsubscribe_url`."""
    url = unsubscribe_url(office, address, topic, ref)
    return f"{url}/preferences" if url else ""


def template_values(office: Office, address: str, topic: str, ref: str) -> Mapping[str, str]:
    """What templates of marketing mail may use: `{{ unsubscribe_url }}` and `{{ preferences_url }}`."""
    url = unsubscribe_url(office, address, topic, ref)
    return {"unsubscribe_url": url, "preferences_url": f"{url}/preferences" if url else ""}


def url_of(base: str, token: str) -> str:
    return f"{base}/u/{token}"


def base_url(office: Office) -> str:
    settings = office.settings("core")
    assert isinstance(settings, CoreSettings)
    return settings.base_url
