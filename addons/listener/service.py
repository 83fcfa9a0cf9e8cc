"""The listener as a service: an event loop in a thread of its own, opened and closed by whoever runs mailloom."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import ssl
import stat
import threading
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import structlog

from mailloom.api import Office
from mailloom.api.services import ServiceStatus
from mailloom.errors import ConfigurationError, MailloomError

from .connection import Connection
from .desk import Desk
from .limits import Limits
from .settings import ListenerSettings, split_place
from .shared import Shared

BACKLOG = 1024
_log = structlog.get_logger("mailloom.listener")


class ListenerService:
    """Listens for SMTP and LMTP while it is started. Started and stopped by one thread, looked at by any."""

    name = "listener"
    summary = "Takes mail by SMTP and LMTP."

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._shared: Shared | None = None
        self._sockets: list[tuple[bool, socket.socket]] = []
        self._servers: list[asyncio.Server] = []
        self.places: dict[str, str] = {}
        """Where it listens: "lmtp" and "smtp" to address:port or path."""

    def start(self, office: Office) -> None:
        """Returns when clients can connect; ConfigurationError when a place is taken or the settings cannot work."""
        if self._thread is not None:
            return
        settings = office.settings("listener")
        assert isinstance(settings, ListenerSettings)
        tls = tls_context(settings)
        account_id = office.account_id(settings.account) if settings.account else None
        self._open_sockets(settings)
        loop = _new_loop()
        desk = Desk(office, partial(_tell, loop))
        self._shared = Shared(
            office=office,
            settings=settings,
            hostname=settings.hostname or socket.getfqdn(),
            account_id=account_id,
            loop=loop,
            desk=desk,
            limits=Limits(settings, loop.time),
            tls=tls,
        )
        self._loop = loop
        self._thread = threading.Thread(target=loop.run_forever, name="listener", daemon=True)
        self._thread.start()
        desk.start()
        asyncio.run_coroutine_threadsafe(self._serve(self._shared), loop).result()
        _log.info("listening", **self.places)

    def stop(self, seconds: float = 10.0) -> None:
        """Take no more clients, let mails in flight end, at most so long; what was answered with 250 is committed in any case."""
        loop, shared, thread = self._loop, self._shared, self._thread
        if loop is None or shared is None or thread is None:
            return
        asyncio.run_coroutine_threadsafe(self._wind_up(shared, seconds), loop).result()
        shared.desk.stop(seconds)
        # The answers of the last group travel through the loop.
        asyncio.run_coroutine_threadsafe(_let_go(shared), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
        self._remove_paths()
        self._loop = self._shared = self._thread = None
        self._sockets, self._servers, self.places = [], [], {}

    def status(self) -> ServiceStatus:
        shared = self._shared
        if shared is None:
            return ServiceStatus(running=False, detail="not running")
        where = ", ".join(f"{protocol} at {place}" for protocol, place in self.places.items()) or "nowhere"
        counts = f"{shared.limits.connections} connections, {shared.mails_kept} mails kept"
        put_off = f", {shared.mails_put_off} put off" if shared.mails_put_off else ""
        return ServiceStatus(running=True, detail=f"{where}; {counts}{put_off}")

    # --- sockets ---

    def _open_sockets(self, settings: ListenerSettings) -> None:
        try:
            for protocol, place in (("lmtp", settings.lmtp), ("smtp", settings.smtp)):
                if place:
                    opened = _listen(place)
                    self._sockets.append((protocol == "lmtp", opened))
                    self.places[protocol] = _named(opened)
        except MailloomError:
            for _, opened in self._sockets:
                opened.close()
            self._sockets, self.places = [], {}
            raise

    async def _serve(self, shared: Shared) -> None:
        for lmtp, opened in self._sockets:
            make: Callable[[], Connection] = partial(Connection, shared, lmtp=lmtp)
            create = shared.loop.create_unix_server if opened.family == socket.AF_UNIX else shared.loop.create_server
            self._servers.append(await create(make, sock=opened, backlog=BACKLOG))

    async def _wind_up(self, shared: Shared, seconds: float) -> None:
        for server in self._servers:
            server.close()
        until = shared.loop.time() + seconds
        while True:
            for connection in [one for one in shared.connections if not one.busy]:
                connection.say_goodbye()
            if not any(connection.busy for connection in shared.connections) or shared.loop.time() >= until:
                return
            await asyncio.sleep(0.02)

    def _remove_paths(self) -> None:
        for place in self.places.values():
            if place.startswith("/"):
                with contextlib.suppress(OSError):
                    Path(place).unlink()


def _new_loop() -> asyncio.AbstractEventLoop:
    """uvloop where it is installed: the same, with less time for itself."""
    try:
        import uvloop
    except ImportError:
        return asyncio.new_event_loop()
    loop: asyncio.AbstractEventLoop = uvloop.new_event_loop()
    return loop


def _tell(loop: asyncio.AbstractEventLoop, answers: Sequence[Callable[[], None]]) -> None:
    """From the desk to the loop, a whole group in one hand-over."""

    def give() -> None:
        for answer in answers:
            answer()

    loop.call_soon_threadsafe(give)


async def _let_go(shared: Shared) -> None:
    for connection in list(shared.connections):
        connection.say_goodbye()
    await asyncio.sleep(0.05)
    for connection in list(shared.connections):
        connection.abort()


def _listen(place: str) -> socket.socket:
    try:
        if place.startswith("/"):
            return _listen_on_path(place)
        host, port = split_place(place)
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        return socket.create_server((host, port), family=family, backlog=BACKLOG)
    except OSError as error:
        raise ConfigurationError(
            f"The listener cannot listen at {place}: {error.strerror or error}.",
            remedy="Choose another port in its settings, or stop what uses this one; below 1024 root's rights are needed.",
        ) from error


def _listen_on_path(place: str) -> socket.socket:
    opened = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        if stat.S_ISSOCK(os.stat(place).st_mode) and not _answers(place):
            # Left behind by a process that was killed.
            os.unlink(place)
    except FileNotFoundError:
        pass
    try:
        opened.bind(place)
        opened.listen(BACKLOG)
    except OSError:
        opened.close()
        raise
    return opened


def _answers(place: str) -> bool:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as trying:
        try:
            trying.connect(place)
        except OSError:
            return False
    return True


def _named(opened: socket.socket) -> str:
    name = opened.getsockname()
    if isinstance(name, str):
        return name
    host = f"[{name[0]}]" if ":" in name[0] else name[0]
    return f"{host}:{name[1]}"


def tls_context(settings: ListenerSettings) -> ssl.SSLContext | None:
    """What STARTTLS is offered with; None without a certificate."""
    if settings.certificate is None:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        # Without a password function OpenSSL would ask on the terminal for that of an encrypted key.
        context.load_cert_chain(settings.certificate, settings.certificate_key, password=lambda: b"")
    except (OSError, ValueError) as error:
        raise ConfigurationError(
            f"The listener's certificate {settings.certificate} cannot be used: {error}.",
            remedy="Certificate and key must belong together, be PEM and not be encrypted.",
        ) from error
    return context
