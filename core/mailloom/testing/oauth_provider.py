"""A small OAuth 2 provider on this machine: code with PKCE, rotating refresh tokens, client credentials, device codes, introspection.

It can be told to fail as real ones do: the person does not agree or signs in as somebody else, tokens are revoked, the clock differs, answers are
slow or HTTP 500. Standards: RFC 6749, 7636 (S256 is demanded), 7662, 8628, OpenID Connect Core for the ID token (unsigned).
"""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code"
ASSERTION_GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"


@dataclass(slots=True)
class _Consent:
    """What one agreement gave. `alive` ends with a revocation, or with the second use of a refresh token."""

    address: str
    scope: str
    nonce: str = ""
    challenge: str = ""
    redirect_uri: str = ""
    alive: bool = True


@dataclass(slots=True)
class Behaviour:
    """What the provider does wrong, or differently; set its fields at any time."""

    refuse_consent: bool = False
    failures: int = 0
    """So many of the next requests are answered with HTTP 500."""
    slow_seconds: float = 0.0
    clock_ahead_seconds: float = 0.0
    """How much the provider's clock is ahead of ours; negative: behind."""
    token_seconds: int = 3600
    rotate: bool = True
    """A refresh token is good once; a second use ends the consent."""
    refresh_tokens: bool = True
    garbage: bool = False
    """Answers are HTML."""
    pending_polls: int = 0
    """How often a device is told to wait."""
    error: tuple[str, str] | None = None
    """Code and description of the next answer of the token endpoint, once."""


@dataclass(slots=True)
class _State:
    consents: dict[str, _Consent] = field(default_factory=dict)
    """By code, device code, access token or refresh token."""
    ends: dict[str, float] = field(default_factory=dict)
    """When access tokens end, by the provider's clock."""
    spent: set[str] = field(default_factory=set)


class OAuthProvider:
    """Used as a context manager; listens on a free port of 127.0.0.1."""

    def __init__(self, *, client_id: str = "our-client", client_secret: str = "our-secret") -> None:  # noqa: S107 - of a server for tests
        self.client_id = client_id
        self.client_secret = client_secret
        self.address = "support@example.org"
        """Who is signed in in the browser."""
        self.behaviour = Behaviour()
        self.granted: list[str] = []
        """Grant types of the token requests that were answered well."""
        self.asked: list[str] = []
        """Grant types of all token requests."""
        self._state = _State()
        self._lock = threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> OAuthProvider:
        threading.Thread(target=self._server.serve_forever, args=(0.05,), name="oauth provider", daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def settings(self) -> dict[str, Any]:
        """Fields of an account that uses this provider."""
        return {
            "authentication": "oauth2",
            "oauth_client_id": self.client_id,
            "oauth_client_secret": self.client_secret,
            "oauth_authorize_url": f"{self.url}/authorize",
            "oauth_token_url": f"{self.url}/token",
            "oauth_device_url": f"{self.url}/device",
            "oauth_scope": "mail openid email",
        }

    def revoke(self) -> None:
        """All consents end, and all tokens with them, as when a person withdraws them."""
        with self._lock:
            for consent in self._state.consents.values():
                consent.alive = False

    def end_access_tokens(self) -> None:
        """Access tokens are taken no more, though their time is not over; refresh tokens are."""
        with self._lock:
            self._state.ends = dict.fromkeys(self._state.ends, 0.0)

    def owner_of(self, access_token: str) -> str | None:
        """Whose mailbox a token opens now; None when it opens none."""
        with self._lock:
            consent = self._state.consents.get(access_token)
            good = consent is not None and consent.alive and self._state.ends.get(access_token, 0.0) > self.now()
            return consent.address if consent is not None and good else None

    def now(self) -> float:
        return time.time() + self.behaviour.clock_ahead_seconds

    # --- what the handler asks ---

    def authorize(self, query: dict[str, str]) -> str:
        """Where the browser is sent; ValueError when the request is none of ours."""
        if query.get("client_id") != self.client_id or query.get("response_type") != "code":
            raise ValueError("unknown client or response type")
        if query.get("code_challenge_method") != "S256" or not query.get("code_challenge"):
            raise ValueError("PKCE with S256 is demanded")
        back, state = query["redirect_uri"], query.get("state", "")
        if self.behaviour.refuse_consent:
            return f"{back}?{urlencode({'error': 'access_denied', 'error_description': 'The user said no', 'state': state})}"
        code = self._new("code", self._consent(query))
        return f"{back}?{urlencode({'code': code, 'state': state})}"

    def device(self, form: dict[str, str]) -> dict[str, Any]:
        code = self._new("device", self._consent(form))
        return {
            "device_code": code,
            "user_code": "WDJB-MJHT",
            "verification_uri": f"{self.url}/activate",
            "expires_in": 60,
            "interval": 1,
        }

    def token(self, form: dict[str, str]) -> dict[str, Any]:
        """The answer of the token endpoint; an `error` key is a refusal."""
        kind = form.get("grant_type", "")
        with self._lock:
            self.asked.append(kind)
            answer = self._refused(form) or self._granted(kind, form)
            if "error" not in answer:
                self.granted.append(kind)
        return answer

    def introspect(self, token: str) -> dict[str, Any]:
        owner = self.owner_of(token)
        if owner is None:
            return {"active": False}
        return {"active": True, "username": owner, "email": owner, "scope": "mail", "client_id": self.client_id}

    def _refused(self, form: dict[str, str]) -> dict[str, Any] | None:
        if self.behaviour.error is not None:
            (code, description), self.behaviour.error = self.behaviour.error, None
            return {"error": code, "error_description": description}
        if form.get("grant_type") == ASSERTION_GRANT:
            return None
        if form.get("client_id") != self.client_id:
            return {"error": "invalid_client"}
        known = form.get("client_secret") == self.client_secret
        if not known and form.get("grant_type") != DEVICE_GRANT:
            return {"error": "invalid_client", "error_description": "The client secret is wrong"}
        return None

    def _granted(self, kind: str, form: dict[str, str]) -> dict[str, Any]:
        if kind == "client_credentials":
            return self._tokens(_Consent(address=self.address, scope=form.get("scope", "")), refresh=False)
        if kind == ASSERTION_GRANT:
            return self._tokens(_Consent(address=_subject(form.get("assertion", "")), scope=""), refresh=False)
        fields = {"authorization_code": "code", "refresh_token": "refresh_token", DEVICE_GRANT: "device_code"}
        if kind not in fields:
            return {"error": "unsupported_grant_type"}
        if kind == DEVICE_GRANT and self.behaviour.pending_polls > 0:
            self.behaviour.pending_polls -= 1
            return {"error": "authorization_pending"}
        return self._for_word(kind, form.get(fields[kind], ""), form)

    def _for_word(self, kind: str, word: str, form: dict[str, str]) -> dict[str, Any]:
        consent = self._state.consents.get(word)
        if consent is None or not consent.alive:
            return {"error": "invalid_grant", "error_description": "Token has been expired or revoked."}
        if word in self._state.spent:
            consent.alive = False
            return {"error": "invalid_grant", "error_description": "It was used before."}
        if kind == "authorization_code":
            digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
            challenge = base64.urlsafe_b64encode(digest).decode().rstrip("=")
            if challenge != consent.challenge or form.get("redirect_uri") != consent.redirect_uri:
                return {"error": "invalid_grant", "error_description": "The verifier or redirect URI does not fit."}
        if kind != "refresh_token" or self.behaviour.rotate:
            self._state.spent.add(word)
        return self._tokens(consent, refresh=kind != "refresh_token" or self.behaviour.rotate)

    def _tokens(self, consent: _Consent, *, refresh: bool) -> dict[str, Any]:
        access = f"access-{secrets.token_urlsafe(24)}"
        self._state.consents[access] = consent
        self._state.ends[access] = self.now() + self.behaviour.token_seconds
        answer: dict[str, Any] = {
            "access_token": access,
            "token_type": "Bearer",
            "expires_in": self.behaviour.token_seconds,
            "scope": consent.scope,
        }
        if refresh and self.behaviour.refresh_tokens:
            answer["refresh_token"] = f"refresh-{secrets.token_urlsafe(24)}"
            self._state.consents[answer["refresh_token"]] = consent
        if "openid" in consent.scope.split():
            answer["id_token"] = self._id_token(consent)
        return answer

    def _id_token(self, consent: _Consent) -> str:
        claims = {
            "iss": self.url,
            "aud": self.client_id,
            "email": consent.address,
            "exp": int(self.now()) + 300,
            "nonce": consent.nonce,
        }
        return ".".join([_base64({"alg": "none"}), _base64({key: value for key, value in claims.items() if value}), ""])

    def _consent(self, values: dict[str, str]) -> _Consent:
        return _Consent(
            address=self.address,
            scope=values.get("scope", ""),
            nonce=values.get("nonce", ""),
            challenge=values.get("code_challenge", ""),
            redirect_uri=values.get("redirect_uri", ""),
        )

    def _new(self, kind: str, consent: _Consent) -> str:
        word = f"{kind}-{secrets.token_urlsafe(16)}"
        with self._lock:
            self._state.consents[word] = consent
        return word


def _base64(value: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


def _subject(assertion: str) -> str:
    """For whom a signed statement (RFC 7523) asks; its signature is not checked here."""
    payload = assertion.split(".")[1] if assertion.count(".") == 2 else ""
    return str(json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)) or b"{}").get("sub", ""))


def _handler(provider: OAuthProvider) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        timeout = 30

        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            if parts.path == "/introspect":
                self._json(200, provider.introspect(parse_qs(parts.query).get("token", [""])[0]))
                return
            if not self._behaves():
                return
            try:
                where = provider.authorize(dict(parse_qsl(parts.query)))
            except (ValueError, KeyError) as error:
                self._json(400, {"error": "invalid_request", "error_description": str(error)})
                return
            self.send_response(302)
            self.send_header("Location", where)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def do_POST(self) -> None:
            length = int(self.headers.get("Content-Length", "0"))
            form = dict(parse_qsl(self.rfile.read(length).decode()))
            path = urlsplit(self.path).path
            if path == "/introspect":
                self._json(200, provider.introspect(form.get("token", "")))
            elif self._behaves():
                answer = provider.device(form) if path == "/device" else provider.token(form)
                status = 200 if "error" not in answer else 401 if answer["error"] == "invalid_client" else 400
                self._json(status, answer)

        def _behaves(self) -> bool:
            behaviour = provider.behaviour
            time.sleep(behaviour.slow_seconds)
            if behaviour.failures > 0:
                behaviour.failures -= 1
                self._send(500, "text/html", b"<h1>Oops</h1>")
                return False
            if behaviour.garbage:
                self._send(200, "text/html", b"<h1>Captive portal</h1>")
                return False
            return True

        def _json(self, status: int, value: dict[str, Any]) -> None:
            self._send(status, "application/json", json.dumps(value).encode())

        def _send(self, status: int, kind: str, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Nobody reads it."""

    return Handler
