"""The web face as a service: uvicorn in a thread of its own, opened and closed by whoever runs mailloom.

It speaks HTTP without TLS; a proxy in front of it does that. What the proxy says of its clients (X-Forwarded-For, X-Forwarded-Proto) is believed
only from the addresses in the setting `trusted_proxies`.
"""

from __future__ import annotations

import socket
import threading
import time

import uvicorn

from mailloom.api.office import Office
from mailloom.api.services import ServiceStatus
from mailloom.app import App
from mailloom.errors import ConfigurationError, TemporaryFailure
from mailloom.web.application import Face

START_SECONDS = 10.0
_CONNECTIONS = 500
_BACKLOG = 256


class WebService:
    """Serves the face at `host` and `port` (0: a free one) while it is started."""

    name = "web"
    summary = "Answers HTTP: health, metrics, provider webhooks and the public pages of addons."

    def __init__(self, host: str, port: int) -> None:
        self.host = host
        self.port = port
        self._server: uvicorn.Server | None = None
        self._thread: threading.Thread | None = None

    def start(self, office: Office) -> None:
        """Returns when clients can connect; ConfigurationError when the place is taken."""
        assert isinstance(office, App)
        listening = _listen(self.host, self.port)
        self.port = listening.getsockname()[1]
        self._server = uvicorn.Server(_config(office))
        serve = self._server.run
        self._thread = threading.Thread(target=lambda: serve(sockets=[listening]), name="web", daemon=True)
        self._thread.start()
        deadline = time.monotonic() + START_SECONDS
        while not self._server.started:
            if not self._thread.is_alive() or time.monotonic() > deadline:
                self.stop(0)
                listening.close()
                raise TemporaryFailure("The web face did not start.", remedy="See the log.")
            time.sleep(0.01)

    def stop(self, seconds: float) -> None:
        server, thread = self._server, self._thread
        if server is None or thread is None:
            return
        server.should_exit = True
        thread.join(seconds)
        if thread.is_alive():
            server.force_exit = True
            thread.join(1)
        self._server = self._thread = None

    def status(self) -> ServiceStatus:
        if self._server is None:
            return ServiceStatus(running=False, detail="not running")
        return ServiceStatus(running=True, detail=f"HTTP at {self.host}:{self.port}")


def _config(app: App) -> uvicorn.Config:
    trusted = app.core_settings.trusted_proxies
    return uvicorn.Config(
        Face(app),
        log_config=None,
        access_log=False,
        lifespan="off",
        ws="none",
        server_header=False,
        proxy_headers=bool(trusted),
        forwarded_allow_ips=list(trusted),
        limit_concurrency=_CONNECTIONS,
        timeout_graceful_shutdown=10,
    )


def _listen(host: str, port: int) -> socket.socket:
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        return socket.create_server((host, port), family=family, backlog=_BACKLOG)
    except (OSError, OverflowError) as error:
        raise ConfigurationError(
            f"The web face cannot listen at {host}:{port}: {getattr(error, 'strerror', None) or error}.",
            remedy="Give another --host or --port, or stop what uses this one.",
        ) from error
