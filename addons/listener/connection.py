"""A client's connection: carries octets and actions between the transport, the session and the desk, and minds the time."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable
from datetime import datetime
from email.utils import format_datetime
from functools import lru_cache
from typing import Any, cast

from mailloom.api.receiving import Mailing

from .actions import Action, Ask, Keep, Plain, Say
from .desk import Deposit, Question
from .session import Session
from .shared import Shared

SLOWEST_PACE = 1000
"""Octets per second at which a mail must come to be given more time than the time-out."""
CLOSING_SECONDS = 10.0


@lru_cache(maxsize=2)
def _written(moment: datetime) -> str:
    """RFC 5322 §3.3; many mails come in one second."""
    return format_datetime(moment)


class Connection(asyncio.Protocol):
    """One client. Lives on the listener's event loop."""

    def __init__(self, shared: Shared, *, lmtp: bool) -> None:
        self._shared = shared
        self._lmtp = lmtp
        self._transport: asyncio.Transport | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._client = ""
        self._counted = False
        self._session: Session | None = None
        self._mail_began = 0.0
        self._heard_at = 0.0
        self._upgrade: asyncio.Task[None] | None = None

    # --- what asyncio calls ---

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports do what asyncio's do without being derived from them.
        self._transport = cast(asyncio.Transport, transport)
        peer = transport.get_extra_info("peername")
        self._client = str(peer[0]) if isinstance(peer, tuple) and peer else ""
        refusal = self._shared.limits.admit(self._client)
        self._session = Session(self._shared.rules(lmtp=self._lmtp), self._client)
        if refusal:
            self._act(self._session.end(refusal))
            return
        self._counted = True
        self._shared.connections.add(self)
        self._act(self._session.greet())
        self._restart_timer()

    def data_received(self, data: bytes) -> None:
        session = self._session
        assert session is not None
        was_receiving = session.receiving
        self._act(session.feed(data))
        if session.receiving and not was_receiving:
            self._mail_began = self._shared.loop.time()
        if not session.receiving or not was_receiving:
            self._restart_timer()
        if session.resting and self._transport is not None:
            # What the client sends ahead may wait where it is.
            self._transport.pause_reading()

    def connection_lost(self, exc: Exception | None) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._transport = None
        if self._counted:
            self._counted = False
            self._shared.limits.leave(self._client)
            self._shared.connections.discard(self)

    # --- what the listener calls ---

    @property
    def busy(self) -> bool:
        """In the middle of a mail, so that a graceful stop waits for it."""
        session = self._session
        return session is not None and (session.receiving or session.resting)

    def say_goodbye(self) -> None:
        """End the conversation because the listener stops."""
        if self._session is not None:
            self._act(self._session.end("421 4.3.2 The listener stops, try again later"))

    # --- time ---

    def _restart_timer(self) -> None:
        """Silence is counted from now; the timer itself looks at the clock when it rings, which is cheaper than to set it anew each time."""
        self._heard_at = self._shared.loop.time()
        if self._timer is None:
            self._timer = self._shared.loop.call_later(self._shared.settings.timeout_seconds, self._time_is_up)

    def _time_is_up(self) -> None:
        """Silence, or a mail that drips; one that comes at a decent pace is given the time it needs."""
        session, self._timer = self._session, None
        if session is None or self._transport is None:
            return
        now, patience = self._shared.loop.time(), self._shared.settings.timeout_seconds
        if session.resting:
            until = now + patience
        elif session.receiving:
            until = self._mail_began + patience + session.received_octets / SLOWEST_PACE
        else:
            until = self._heard_at + patience
        if now < until:
            self._timer = self._shared.loop.call_later(max(until - now, 0.05), self._time_is_up)
        else:
            self._act(session.end("421 4.4.2 Too slow"))

    # --- actions ---

    def _act(self, actions: list[Action]) -> None:
        said: list[bytes] = []
        for action in actions:
            if isinstance(action, Say):
                said.append(action.octets)
                continue
            self._write(said)
            if isinstance(action, Ask):
                self._ask(action)
            elif isinstance(action, Keep):
                self._keep(action)
            elif action is Plain.START_TLS:
                self._upgrade = self._shared.loop.create_task(self._start_tls())
            elif self._transport is not None:
                self._transport.close()
                # A client that does not read would hold the connection for ever.
                self._shared.loop.call_later(CLOSING_SECONDS, self.abort)
        self._write(said)

    def _write(self, said: list[bytes]) -> None:
        if said and self._transport is not None:
            self._transport.write(b"".join(said))
        said.clear()

    def abort(self) -> None:
        """Cut the line."""
        if self._transport is not None:
            self._transport.abort()

    def _ask(self, action: Ask) -> None:
        def answer(known: bool | None) -> None:
            if known:
                self._shared.remember(action.address)
            self._go_on(lambda session: session.recipient_is(known))

        if not self._shared.settings.check_recipients or self._shared.remembers(action.address):
            # Not at once, so that a long row of RCPT does not call itself.
            self._shared.loop.call_soon(answer, True)
        else:
            self._shared.desk.take(Question(action.address, answer))

    def _keep(self, action: Keep) -> None:
        mail = Mailing(
            raw=self._received_header(action) + action.raw,
            recipients=action.recipients,
            envelope_from=action.sender,
            account_id=self._shared.account_id,
        )
        self._shared.limits.waiting_octets += len(mail.raw)

        def answer(number: int | None) -> None:
            self._shared.limits.waiting_octets -= len(mail.raw)
            self._shared.count(kept=number is not None)
            self._go_on(lambda session: session.not_kept() if number is None else session.kept(number))

        self._shared.desk.take(Deposit(mail, answer))

    def _received_header(self, action: Keep) -> bytes:
        """RFC 5321 §4.4; the client's own words are printable or not shown."""
        helo = action.helo if action.helo.isprintable() and "(" not in action.helo else "unprintable"
        session = self._session
        secured = "S" if session is not None and session.encrypted else ""
        protocol = f"LMTP{secured}" if self._lmtp else f"ESMTP{secured}"
        where = f"[{self._client}]" if self._client else "local"
        moment = _written(self._shared.office.now().replace(microsecond=0))
        line = f"Received: from {helo} ({where})\r\n\tby {self._shared.hostname} with {protocol}; {moment}\r\n"
        return line.encode()

    def _go_on(self, tell: Callable[[Session], list[Action]]) -> None:
        """Give the session an answer; a client that went away meanwhile hears nothing of it."""
        session = self._session
        if session is None or self._transport is None:
            return
        self._act(tell(session))
        if session.receiving:
            self._mail_began = self._shared.loop.time()
        self._restart_timer()
        if not session.resting and self._transport is not None:
            self._transport.resume_reading()

    async def _start_tls(self) -> None:
        plain, context = self._transport, self._shared.tls
        assert plain is not None
        assert context is not None
        plain.pause_reading()
        try:
            secured: Any = await self._shared.loop.start_tls(
                plain,
                self,
                context,
                server_side=True,
                ssl_handshake_timeout=min(self._shared.settings.timeout_seconds, 60),
            )
        except (OSError, ssl.SSLError, ConnectionError):
            plain.abort()
            return
        session = self._session
        if secured is None or session is None:
            return
        self._transport = secured
        session.encryption_began()
        self._restart_timer()
