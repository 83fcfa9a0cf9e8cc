"""An SESv2 API on this machine that answers by script, accounts on it, and an SNS that signs as Amazon's does."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.x509.oid import NameOID

from mailloom.addons.ses.settings import SesSettings
from mailloom.api import Account, WebhookCall

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
TOPIC = "arn:aws:sns:eu-west-1:123456789012:mail-events"
QUOTA = {
    "SendQuota": {"Max24HourSend": 50000.0, "MaxSendRate": 14.0, "SentLast24Hours": 3.0},
    "SendingEnabled": True,
    "ProductionAccessEnabled": True,
    "EnforcementStatus": "HEALTHY",
}


@dataclass(frozen=True, slots=True)
class Refusal:
    """An error as the API sends it."""

    code: int
    name: str
    message: str = "no"


@dataclass(slots=True)
class FakeApi:
    """`answers`: by recipient, a refusal, or a number of seconds of silence, or raw bytes instead of HTTP."""

    answers: dict[str, Any] = field(default_factory=dict)
    account: Mapping[str, Any] | Refusal = field(default_factory=lambda: dict(QUOTA))
    identities: dict[str, Any] = field(default_factory=dict)
    requests: list[dict[str, Any]] = field(default_factory=list)
    taken: list[bytes] = field(default_factory=list)
    url: str = ""
    stopping: threading.Event = field(default_factory=threading.Event)

    def send(self, request: dict[str, Any]) -> Any:
        """What is answered to SendEmail."""
        self.requests.append(request)
        answer = self.answers.get(request["Destination"]["ToAddresses"][0])
        if answer is None:
            self.taken.append(base64.b64decode(request["Content"]["Raw"]["Data"]))
            return {"MessageId": f"0102-{len(self.requests)}"}
        return answer

    def get(self, path: str) -> Any:
        """What is answered to GetAccount and GetEmailIdentity."""
        if path.endswith("/account"):
            return self.account
        return self.identities.get(
            unquote(path.rpartition("/")[2]), Refusal(404, "NotFoundException", "unknown identity")
        )


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    api: FakeApi

    def do_POST(self) -> None:
        length = int(self.headers["Content-Length"])
        self._answer(self.api.send(json.loads(self.rfile.read(length))))

    def do_GET(self) -> None:
        self._answer(self.api.get(self.path))

    def _answer(self, answer: Any) -> None:
        if isinstance(answer, float):
            self.api.stopping.wait(answer)
            self.close_connection = True
            return
        if isinstance(answer, bytes):
            self.wfile.write(answer)
            self.close_connection = True
            return
        refused = isinstance(answer, Refusal)
        body = json.dumps({"message": answer.message} if refused else answer).encode()
        self.send_response(answer.code if refused else 200)
        if refused:
            self.send_header("x-amzn-ErrorType", answer.name)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Quiet."""


@contextmanager
def serving(api: FakeApi) -> Iterator[FakeApi]:
    handler = type("Handler", (_Handler,), {"api": api})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    thread = threading.Thread(target=lambda: server.serve_forever(poll_interval=0.01), daemon=True)
    thread.start()
    api.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield api
    finally:
        api.stopping.set()
        server.shutdown()
        server.server_close()
        thread.join(5)


@pytest.fixture
def api() -> Iterator[FakeApi]:
    with serving(FakeApi()) as api:
        yield api


@pytest.fixture
def refusal() -> type[Refusal]:
    return Refusal


@pytest.fixture
def account(api: FakeApi) -> Callable[..., Account[SesSettings]]:
    """An account of the kind `ses` on the scripted API."""

    def make(**more: Any) -> Account[SesSettings]:
        values = {**SES_VALUES, "api_endpoint": api.url, "timeout_seconds": 1, **more}
        return Account(id=1, name="amazon", kind="ses", settings=SesSettings.model_validate(values))

    return make


SES_VALUES: dict[str, Any] = {
    "region": "eu-west-1",
    "default_from": "Support <support@example.org>",
    "replies_account": "inbox",
    "access_key_id": "AKIAEXAMPLE",
    "secret_access_key": "secret",
}


@pytest.fixture
def ses_values() -> dict[str, Any]:
    return dict(SES_VALUES)


# --- SNS ---------------------------------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class FakeSns:
    """Signs as SNS does, and is asked for its certificate and for confirmations."""

    key: rsa.RSAPrivateKey
    certificate: bytes
    host: str = "https://sns.eu-west-1.amazonaws.com"
    visited: list[str] = field(default_factory=list)
    fails: Exception | None = None

    @property
    def certificate_url(self) -> str:
        return f"{self.host}/SimpleNotificationService-0123456789abcdef.pem"

    def fetch(self, url: str) -> bytes:
        self.visited.append(url)
        if self.fails is not None:
            raise self.fails
        return self.certificate

    def notice(self, message: Any = "{}", *, version: str = "1", **more: Any) -> dict[str, Any]:
        """A signed notification; fields given as None are left out, before it is signed."""
        fields = {
            "Type": "Notification",
            "MessageId": "22b80b92-fdea-4c2c-8f9d-bdfb0c7bf324",
            "TopicArn": TOPIC,
            "Subject": "Amazon SES Email Event Notification",
            "Message": message if isinstance(message, str) else json.dumps(message),
            "Timestamp": (NOW - timedelta(minutes=1)).strftime("%Y-%m-%dT%H:%M:%S.000Z"),
            "SigningCertURL": self.certificate_url,
            **more,
        }
        names = ["Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"]
        return self.signed({name: value for name, value in fields.items() if value is not None}, names, version)

    def subscription(
        self, kind: str = "SubscriptionConfirmation", *, version: str = "1", **more: Any
    ) -> dict[str, Any]:
        fields = {
            "Type": kind,
            "MessageId": "165545c9-2a5c-472c-8df2-7ff2be2b3b1b",
            "Token": "2336412f37",
            "TopicArn": TOPIC,
            "Message": "You have chosen to subscribe to the topic.",
            "SubscribeURL": f"{self.host}/?Action=ConfirmSubscription&TopicArn={TOPIC}&Token=2336412f37",
            "Timestamp": NOW.strftime("%Y-%m-%dT%H:%M:%S.000Z"),
            "SigningCertURL": self.certificate_url,
            **more,
        }
        names = ["Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"]
        return self.signed(fields, names, version)

    def signed(self, fields: dict[str, Any], names: list[str], version: str) -> dict[str, Any]:
        text = "".join(f"{name}\n{fields[name]}\n" for name in names if name in fields)
        algorithm = hashes.SHA256() if version == "2" else hashes.SHA1()
        signature = self.key.sign(text.encode(), padding.PKCS1v15(), algorithm)
        return {**fields, "SignatureVersion": version, "Signature": base64.b64encode(signature).decode()}


def make_sns(*, bits: int = 2048, begins: datetime = NOW - timedelta(days=30)) -> FakeSns:
    key = rsa.generate_private_key(public_exponent=65537, key_size=bits)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "sns.amazonaws.com")])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1000)
        .not_valid_before(begins)
        .not_valid_after(begins + timedelta(days=60))
        .sign(key, hashes.SHA256())
    )
    return FakeSns(key=key, certificate=certificate.public_bytes(serialization.Encoding.PEM))


@pytest.fixture(scope="session")
def new_sns() -> Callable[..., FakeSns]:
    return make_sns


@pytest.fixture(scope="session")
def one_sns() -> FakeSns:
    return make_sns()


@pytest.fixture
def sns(one_sns: FakeSns) -> FakeSns:
    return FakeSns(key=one_sns.key, certificate=one_sns.certificate)


@pytest.fixture
def call() -> Callable[..., WebhookCall]:
    """A call of the webhook with this body (an object becomes JSON)."""

    def make(body: Any, *, at: datetime = NOW, method: str = "POST", **more: Any) -> WebhookCall:
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        values = {"query": {}, "headers": {}, **more}
        return WebhookCall(method=method, path="/webhooks/ses", body=content, received_at=at, **values)

    return make
