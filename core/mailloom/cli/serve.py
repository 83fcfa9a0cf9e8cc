"""`mailloom serve`: everything in one process, until it is told to end; `mailloom worker`: the jobs only.

SIGTERM and SIGINT end it gracefully: what is being sent is finished and recorded, what is being fetched is committed, the rest is released.
A second signal ends it at once; nothing is lost then either, only found again when leases run out.
"""

from __future__ import annotations

import gc
import importlib
import os
import signal
import sys
import threading
from enum import StrEnum
from types import FrameType
from typing import Annotated

import structlog
import typer

from mailloom.api.services import Service
from mailloom.app import App
from mailloom.cli.first_user import first_link, first_link_text
from mailloom.cli.metrics import offer
from mailloom.cli.opening import opened
from mailloom.cli.output import say
from mailloom.jobs.embedded import Embedded
from mailloom.jobs.engine import Engine
from mailloom.jobs.serving import Services
from mailloom.logs import set_up_logs
from mailloom.working import duties_of

_log = structlog.get_logger(__name__)

EXIT_UNCLEAN = 1
_TEND_SECONDS = 2.0
EXIT_INTERRUPTED = 130


class EngineName(StrEnum):
    EMBEDDED = "embedded"
    PROCRASTINATE = "procrastinate"


Workers = Annotated[int, typer.Option(min=1, max=500, help="Jobs at the same time.")]
Metrics = Annotated[str, typer.Option(help="Offer metrics for Prometheus at HOST:PORT.", show_default=False)]
Host = Annotated[str, typer.Option(help="Address at which the web face answers.")]
Port = Annotated[int, typer.Option(min=0, max=65535, help="Its port; a proxy in front of it speaks TLS.")]
Web = Annotated[bool, typer.Option("--web/--no-web", help="Answer HTTP.")]
Chosen = Annotated[EngineName, typer.Option("--engine", help="embedded, or procrastinate for many machines.")]


def register_commands(root: typer.Typer) -> None:
    root.command("serve")(serve)
    root.command("worker")(worker)


def serve(
    context: typer.Context,
    host: Host = "127.0.0.1",
    port: Port = 8025,
    web: Web = True,
    workers: Workers = 24,
    metrics: Metrics = "",
    engine: Chosen = EngineName.EMBEDDED,
) -> None:
    """Send, fetch, listen, answer HTTP and keep house until told to end."""
    app = opened(context)
    set_up_logs("info")
    face = _web_face(host, port) if web else []
    if face and port and (link := first_link(app, f"http://{f'[{host}]' if ':' in host else host}:{port}")):
        say(first_link_text(link))
    _run(app, engine, workers, metrics, Services(app, app.registry, own=face))


def worker(
    context: typer.Context, workers: Workers = 24, metrics: Metrics = "", engine: Chosen = EngineName.EMBEDDED
) -> None:
    """Run jobs until told to end; listens to nobody."""
    set_up_logs("info")
    _run(opened(context), engine, workers, metrics, None)


def _web_face(host: str, port: int) -> list[Service]:
    """None, with a line in the log, where its libraries are missing: everything else works without it."""
    try:
        # Imported late and by name, because the libraries may be missing and faces do not know each other.
        serving = importlib.import_module("mailloom.web.serving")
    except ModuleNotFoundError as error:
        _log.warning("no web face", missing=error.name, remedy='pip install "mailloom[web]"')
        return []
    return [serving.WebService(host, port)]


def _run(app: App, name: EngineName, workers: int, metrics: str, beside: Services | None) -> None:
    end = _signals()
    engine = make_engine(app, name, workers)
    server = offer(app, metrics) if metrics else None
    try:
        engine.start()
        _log.info("mailloom is at work", data_folder=str(app.data_folder), engine=name.value)
        if beside is not None:
            beside.tend()
        spare_what_stays()
        while not end.wait(_TEND_SECONDS):
            if beside is not None:
                beside.tend()
    finally:
        _log.info("mailloom ends")
        if beside is not None:
            beside.stop()
        clean = engine.stop()
        if server is not None:
            server.shutdown()
    if not clean:
        # Threads that wait for a server would keep the process for minutes; their leases run out by themselves.
        app.close()
        sys.stderr.flush()
        os._exit(EXIT_UNCLEAN)


def spare_what_stays() -> None:
    """What is loaded by now stays as long as the process: the collector need not look at all of it with each of its rounds.

    Libraries and addons are so many objects that these looks cost a seventh of the time of receiving.
    """
    gc.collect()
    gc.freeze()


def make_engine(app: App, name: EngineName, workers: int) -> Engine:
    if name is EngineName.PROCRASTINATE:
        from mailloom.jobs.procrastinate import Procrastinate

        return Procrastinate(duties_of(app), app.database, app.registry, workers=workers)
    return Embedded(duties_of(app), app.database, app.registry, workers=workers)


def _signals() -> threading.Event:
    """An event that the first signal sets; the second ends the process."""
    end = threading.Event()

    def tell(number: int, _frame: FrameType | None) -> None:
        if end.is_set():
            os._exit(EXIT_INTERRUPTED)
        end.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, tell)
    return end
