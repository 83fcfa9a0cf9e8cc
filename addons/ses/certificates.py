"""Is the signature Amazon's? The certificates of SNS, fetched where only Amazon can put them, and kept for a day.

Whoever knows a topic can make us fetch; so fetches are few a minute, and what came back unusable is not kept.
"""

from __future__ import annotations

import base64
import binascii
import threading
from collections import OrderedDict, deque
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from mailloom.errors import TemporaryFailure

from .sns import CallRefused, SnsCall, check_certificate_url

_KEPT: Final = timedelta(days=1)
_MOST_KEPT: Final = 16
_MOST_FETCHES: Final = 12
_FETCH_PERIOD: Final = timedelta(minutes=1)
_SMALLEST_KEY: Final = 2048
_LATER: Final = 503
_HASHES: Final = {"1": hashes.SHA1, "2": hashes.SHA256}
"""By SignatureVersion. SHA-1 is what SNS still signs with unless the topic says 2."""


class _Known(NamedTuple):
    certificate: x509.Certificate
    key: rsa.RSAPublicKey
    fetched_at: datetime


class Certificates:
    """Safe to share between threads. `fetch` gets an address that was checked, and raises TemporaryFailure."""

    def __init__(self, fetch: Callable[[str], bytes]) -> None:
        self._fetch = fetch
        self._known: OrderedDict[str, _Known] = OrderedDict()
        self._fetches: deque[datetime] = deque(maxlen=_MOST_FETCHES)
        self._lock = threading.Lock()

    def check_signature(self, call: SnsCall, now: datetime) -> None:
        """CallRefused unless Amazon signed the call: 403 for good, 503 when the certificate cannot be had now."""
        check_certificate_url(call.certificate_url, call.topic)
        algorithm = _HASHES.get(call.version)
        if algorithm is None:
            raise CallRefused("The call is signed in a way that is not known.")
        try:
            signature = base64.b64decode(call.signature, validate=True)
        except (binascii.Error, ValueError):
            raise CallRefused("The call has no readable signature.") from None
        key = self._key(call.certificate_url, now)
        try:
            key.verify(signature, call.signed, padding.PKCS1v15(), algorithm())
        except InvalidSignature:
            raise CallRefused("The signature does not fit the call.") from None

    def _key(self, url: str, now: datetime) -> rsa.RSAPublicKey:
        with self._lock:
            known = self._known.get(url)
        if known is None or not timedelta() <= now - known.fetched_at < _KEPT:
            known = self._fetched(url, now)
        certificate = known.certificate
        if not certificate.not_valid_before_utc <= now <= certificate.not_valid_after_utc:
            raise CallRefused("The certificate is not valid now.")
        return known.key

    def _fetched(self, url: str, now: datetime) -> _Known:
        with self._lock:
            if len(self._fetches) == _MOST_FETCHES and timedelta() <= now - self._fetches[0] < _FETCH_PERIOD:
                raise CallRefused("Too many certificates were asked for; call again.", status=_LATER)
            self._fetches.append(now)
        try:
            pem = self._fetch(url)
        except TemporaryFailure as error:
            raise CallRefused(f"The certificate cannot be had now: {error}", status=_LATER) from error
        known = _read(pem, now)
        with self._lock:
            self._known[url] = known
            while len(self._known) > _MOST_KEPT:
                self._known.popitem(last=False)
        return known


def _read(pem: bytes, now: datetime) -> _Known:
    try:
        certificate = x509.load_pem_x509_certificate(pem)
        key = certificate.public_key()
    except (
        Exception
    ):  # whatever cryptography raises for what is no certificate (ValueError, UnsupportedAlgorithm, its own)
        raise CallRefused("What lies there is no certificate.") from None
    if not isinstance(key, rsa.RSAPublicKey) or key.key_size < _SMALLEST_KEY:
        raise CallRefused("The certificate has no key of the kind that SNS uses.")
    return _Known(certificate, key, now)
