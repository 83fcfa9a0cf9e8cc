"""A scripted SMTP server on a free port of 127.0.0.1: accepts mail like a good one, and misbehaves where its script says so.

    with FakeSmtpServer(script={Stage.RCPT: [Say("450 4.2.0 later"), NORMAL]}) as server:
        ...                       # deliver to server.host, server.port
        assert server.mails[0].recipients == ("ann@example.org",)

The n-th time a stage is reached (over all connections) its n-th entry is done, afterwards the server behaves normally; an entry may be a tuple
of actions done in order. `recipients` scripts the answers to single addresses in the same way.
"""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from collections.abc import Callable, Mapping, Sequence
from types import TracebackType

from mailloom.testing.certificates import CertificateFiles
from mailloom.testing.smtp_dialogue import Dialogue, Ended
from mailloom.testing.smtp_script import (
    NORMAL,
    AcceptedMail,
    Action,
    Drip,
    Drop,
    Entry,
    Normal,
    Raw,
    Say,
    Silence,
    Stage,
)

__all__ = [
    "NORMAL",
    "AcceptedMail",
    "Drip",
    "Drop",
    "FakeSmtpServer",
    "Normal",
    "Raw",
    "Say",
    "Silence",
    "Stage",
]


class FakeSmtpServer:
    """Listens from `start` to `stop`; a context manager does both. `mails`, `commands` and `connections` may be read at any time."""

    host = "127.0.0.1"

    def __init__(
        self,
        *,
        script: Mapping[Stage, Sequence[Entry]] | None = None,
        recipients: Mapping[str, Sequence[Entry]] | None = None,
        extensions: Sequence[str] = (
            "PIPELINING",
            "SIZE 10485760",
            "8BITMIME",
            "SMTPUTF8",
            "DSN",
            "ENHANCEDSTATUSCODES",
        ),
        certificate: CertificateFiles | None = None,
        implicit_tls: bool = False,
        client_authority: CertificateFiles | None = None,
        users: Mapping[str, str] | None = None,
        tokens: Mapping[str, str] | None = None,
        mechanisms: Sequence[str] = ("PLAIN", "LOGIN", "CRAM-MD5"),
        mails_per_connection: int | None = None,
    ) -> None:
        self._script = {stage: list(entries) for stage, entries in (script or {}).items()}
        self._recipients = {address: list(entries) for address, entries in (recipients or {}).items()}
        self.extensions = tuple(extensions)
        self.certificate = certificate
        self.implicit_tls = implicit_tls
        self.client_authority = client_authority
        self.users = dict(users or {})
        self.tokens = dict(tokens or {})
        self.mechanisms = tuple(mechanisms)
        self.mails_per_connection = mails_per_connection
        self.mails: list[AcceptedMail] = []
        self.commands: list[str] = []
        self.connections = 0
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._open: set[socket.socket] = set()
        self._listener: socket.socket | None = None
        self._threads: list[threading.Thread] = []
        self.port = 0

    # --- life

    def __enter__(self) -> FakeSmtpServer:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> None:
        self._listener = socket.create_server((self.host, 0), backlog=200)
        self.port = self._listener.getsockname()[1]
        self._run(self._accept, self._listener)

    def stop(self) -> None:
        self._stopping.set()
        if self._listener is not None:
            # A blocked accept() is woken by shutdown, not by close.
            with contextlib.suppress(OSError):
                self._listener.shutdown(socket.SHUT_RDWR)
            self._listener.close()
        with self._lock:
            still_open = list(self._open)
        for connected in still_open:
            with contextlib.suppress(OSError):
                connected.shutdown(socket.SHUT_RDWR)
        for thread in list(self._threads):
            thread.join(5)

    def _run(self, target: Callable[[socket.socket], None], argument: socket.socket) -> None:
        thread = threading.Thread(target=target, args=(argument,), daemon=True, name="fake-smtp")
        self._threads.append(thread)
        thread.start()

    def _accept(self, listener: socket.socket) -> None:
        while not self._stopping.is_set():
            try:
                connected, _ = listener.accept()
            except OSError:
                return
            self._run(self._serve, connected)

    def _serve(self, connected: socket.socket) -> None:
        connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with self._lock:
            self.connections += 1
            number = self.connections
        dialogue = Dialogue(self, connected, number)
        self.keep(connected)
        try:
            dialogue.run()
        except (Ended, OSError, ValueError):
            pass
        finally:
            dialogue.close()

    def keep(self, connected: socket.socket) -> None:
        with self._lock:
            self._open.add(connected)

    def forget(self, connected: socket.socket) -> None:
        with self._lock:
            self._open.discard(connected)

    # --- what connections ask

    def next_action(self, stage: Stage, recipient: str = "") -> tuple[Action, ...]:
        """What to do now; empty for the usual."""
        with self._lock:
            entries = self._recipients.get(recipient) or self._script.get(stage)
            entry: Entry = entries.pop(0) if entries else NORMAL
        actions = entry if isinstance(entry, tuple) else (entry,)
        return () if actions == (NORMAL,) else actions

    def heard(self, line: str) -> None:
        with self._lock:
            self.commands.append(line)

    def accepted(self, mail: AcceptedMail) -> None:
        with self._lock:
            self.mails.append(mail)

    def tls_context(self) -> ssl.SSLContext:
        assert self.certificate is not None, "a TLS server needs a certificate"
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.certificate.certificate, self.certificate.key)
        if self.client_authority is not None:
            context.load_verify_locations(self.client_authority.authority)
            context.verify_mode = ssl.CERT_REQUIRED
        return context

    def pause(self, seconds: float) -> bool:
        """Wait; True when the server stops meanwhile."""
        return self._stopping.wait(seconds)
