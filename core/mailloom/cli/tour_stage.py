"""The stage of the tour: a fresh installation with a sandbox for the rest of the internet, all on 127.0.0.1.

What a person would type is typed here too, through the same commands; the jobs and services are those of `mailloom serve`. Only the clock is the
tour's own: it starts an hour ago and is turned on where a person would wait.
"""

from __future__ import annotations

import contextlib
import importlib
import io
import json
import shlex
import shutil
import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from mailloom.api.services import Service
from mailloom.app import App, create_app
from mailloom.cli.opening import Opening
from mailloom.cli.root import command_line
from mailloom.errors import ConfigurationError, MailloomError
from mailloom.jobs.embedded import Embedded
from mailloom.jobs.serving import Services
from mailloom.place import Place
from mailloom.working import duties_of

ADDONS = ("smtp", "listener", "alias", "catchall", "bounce", "helpdesk", "sandbox")
FURTHER_ADDONS = ("mailing", "deliverability")
"""Installed where their libraries are; a scene that needs one is left out without it."""
PUBLIC_ADDRESS = "https://lamps.example.org"
_USUAL_PORT = 8025
"""Of `mailloom serve`, which may go on from here."""
MARKER = "made-by-mailloom-demo"
_LATE = timedelta(hours=1)
_BEAT_SECONDS = 0.25

Typed = Callable[[str], None]


class TourClock:
    """An hour late at first, so that turning it on never gets ahead of the world's."""

    def __init__(self) -> None:
        self._late = _LATE
        self._lock = threading.Lock()

    def __call__(self) -> datetime:
        return datetime.now(UTC) - self._late

    def turn_on(self, by: timedelta) -> None:
        with self._lock:
            self._late -= by


class Stage:
    """One running installation. `typed` hears each command line before it is run."""

    def __init__(self, app: App, clock: TourClock, typed: Typed) -> None:
        self.app = app
        self.clock = clock
        self._typed = typed
        self.face_port: int | None = None
        """Where browsers on this machine find the pages; None where the extra web is missing."""

    def has(self, addon: str) -> bool:
        """Whether an addon is at work, and the web face with it."""
        addons = self.app.registry.addons
        return addon in addons and addons[addon].at_work and bool(self.app.core_settings.base_url)

    def open_to_browsers(self) -> str:
        """The address of the pages on this machine, where links lead from now on; '' where there are none."""
        if self.face_port is None:
            return ""
        address = f"http://127.0.0.1:{self.face_port}"
        self.app.save_settings("core", {"base_url": address})
        return address

    def type(self, *words: str) -> str:
        """Run a command line of ours and return what it prints; raises what the command raises, ConfigurationError when it fails in words."""
        self._typed("mailloom " + shlex.join(words))
        return self.run(*words)

    def run(self, *words: str, well: bool = True) -> str:
        """As `type`, without showing it. `well` False: it may end with an exit code that says what it found."""
        opening = Opening(self.app.data_folder)
        opening.app = self.app
        given = list(words)
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            ended: Any = command_line(given, opening)(given, prog_name="mailloom", standalone_mode=False)
        if well and isinstance(ended, int) and ended:
            raise ConfigurationError(f"`mailloom {shlex.join(words)}` failed: {printed.getvalue().strip()}")
        return printed.getvalue()

    def asked(self, *words: str, well: bool = True) -> Any:
        """What a command says in JSON."""
        return json.loads(self.run(*words, "--json", well=well))


@contextmanager
def stage(folder: Path, typed: Typed) -> Iterator[Stage]:
    """A fresh installation in the folder, at work until the end."""
    _clear(folder)
    clock = TourClock()
    where = Place(data_folder=folder, database_url=f"sqlite:///{folder / 'mailloom.db'}")
    app = create_app(where, App, clock=clock)
    try:
        (folder / MARKER).touch()
        for name in ADDONS:
            app.registry.install(name)
        for name in FURTHER_ADDONS:
            with contextlib.suppress(MailloomError):
                app.registry.install(name)
        yield from _at_work(Stage(app, clock, typed))
    finally:
        app.close()


def _at_work(made: Stage) -> Iterator[Stage]:
    listener, sandbox, names = free_ports(3)
    _set_up(made, listener, sandbox, names)
    services = Services(made.app, made.app.registry)
    face = _web_face(made)
    engine = Embedded(duties_of(made.app), made.app.database, made.app.registry, workers=8, beat_seconds=_BEAT_SECONDS)
    try:
        services.tend()
        made.type("accounts", "add", "sandbox", "--kind", "smtp", "--host", "127.0.0.1", "--port", str(sandbox),
                  "--security", "none", "--set", "authentication=none", "--set", "retry_minutes=1")  # fmt: skip
        made.type("accounts", "test", "sandbox", "--from", "support@example.org")
        engine.start()
        yield made
    finally:
        services.stop()
        engine.stop()
        if face is not None:
            face.stop(5)


def _web_face(made: Stage) -> Service | None:
    """Our public pages, which the sandbox reaches as a proxy in front would; None where the extra web is missing."""
    try:
        serving = importlib.import_module("mailloom.web.serving")
    except ImportError:
        return None
    face = serving.WebService("127.0.0.1", _face_port())
    face.start(made.app)
    made.face_port = face.port
    made.app.save_settings("core", {"base_url": PUBLIC_ADDRESS})
    made.app.save_settings("sandbox", {"web": f"127.0.0.1:{face.port}"})
    return face  # type: ignore[no-any-return]  # a WebService, whose module may be missing


def _set_up(made: Stage, listener: int, sandbox: int, names: int) -> None:
    app = made.app
    app.save_settings(
        "core", {"organisation": "Example Lamps", "loop_limit": 4, "name_servers": [f"127.0.0.1:{names}"]}
    )
    app.save_settings("listener", {"smtp": f"127.0.0.1:{listener}", "lmtp": ""})
    app.save_settings(
        "sandbox",
        {"smtp": f"127.0.0.1:{sandbox}", "home": f"127.0.0.1:{listener}", "dns": f"127.0.0.1:{names}"},
    )
    lines: Sequence[Sequence[str]] = (
        ("domains", "add", "example.org"),
        ("helpdesk", "team", "Support", "support@example.org"),
        ("aliases", "add", "orders@example.org", "sandbox.order"),
        ("aliases", "add", "board@example.org", "helpdesk.ticket", "--policy", "contacts"),
    )
    for line in lines:
        made.type(*line)
    if "deliverability" in app.registry.addons and app.registry.addons["deliverability"].at_work:
        # A whole look asks for pages on the Internet, too; the scene of the domain asks the DNS only.
        made.run("jobs", "pause", "addon:deliverability")


def _clear(folder: Path) -> None:
    """An earlier tour's folder goes; nothing else ever does."""
    if folder.exists() and any(folder.iterdir()):
        if not (folder / MARKER).exists():
            raise ConfigurationError(
                f"{folder} is not empty, and no earlier demo made it.", remedy="Name another folder with --folder."
            )
        shutil.rmtree(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise MailloomError(
            f"{folder} cannot be made: {error.strerror or error}.", remedy="Name another folder with --folder."
        ) from error


def _face_port() -> int:
    """The usual one where nobody has it, so that the addresses shown stay true for `mailloom serve`; else a free one."""
    try:
        with socket.create_server(("127.0.0.1", _USUAL_PORT)):
            return _USUAL_PORT
    except OSError:
        return 0


def free_ports(count: int) -> list[int]:
    """Ports of 127.0.0.1 that nobody uses at this moment."""
    with contextlib.ExitStack() as stack:
        opened = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(count)]
        return [each.getsockname()[1] for each in opened]
