"""`mailloom demo`: the tour: everything mailloom does, shown on this machine alone in less than a minute."""

from __future__ import annotations

import shutil
import signal
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.text import Text

from mailloom.api.office import Received
from mailloom.cli.first_user import first_link
from mailloom.cli.output import AsJson, plain, print_json, say
from mailloom.cli.route import explanation, show
from mailloom.cli.tour_scenes import SCENES
from mailloom.cli.tour_screen import WIDTH_WITHOUT_TERMINAL, Screen
from mailloom.cli.tour_stage import Stage, stage
from mailloom.cli.tour_values import Playing, Scene
from mailloom.errors import ConfigurationError, TemporaryFailure
from mailloom.logs import set_up_logs

DEFAULT_FOLDER = "demo-data"
_LONGEST_SECONDS = 50.0
_BETWEEN_LOOKS_SECONDS = 0.05
_AT_A_TIME = 4
"""Scenes that are on at once."""
_SECONDS_TO_READ = 1.2
"""Between the beginnings of two scenes, where a person looks on."""


def register_commands(root: typer.Typer) -> None:
    root.command("demo")(demo)


def demo(
    mails: Annotated[list[Path] | None, typer.Argument(help="Mails (.eml) of yours to route as well.")] = None,
    folder: Annotated[
        Path, typer.Option(help="Where the tour's installation goes; one of an earlier tour is replaced.")
    ] = Path(DEFAULT_FOLDER),
    stay: Annotated[
        bool | None,
        typer.Option(
            "--stay/--no-stay", help="Serve the pages until Ctrl-C, with what the tour left; in a terminal yes."
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Take the tour: a small mail world on this machine, from the first question to the last bounce; then look at it in a browser."""
    set_up_logs("error")
    letters = [(path, _read(path)) for path in mails or []]
    terminal = sys.stdout.isatty() and not as_json
    console = Console(
        file=sys.stdout, width=None if terminal else WIDTH_WITHOUT_TERMINAL, highlight=False, quiet=as_json
    )
    screen = Screen(SCENES, console)
    started = time.monotonic()
    with screen, stage(folder.expanduser().resolve(), screen.typed) as made:
        _play(made, screen, _SECONDS_TO_READ if terminal else 0.0)
        seconds = time.monotonic() - started
        routed = [(path, made.app.receive(raw)) for path, raw in letters]
        address = made.open_to_browsers()
        if as_json:
            _tell_programs(screen, seconds, routed)
            return
        screen.finish()
        for path, received in routed:
            console.print(Text(f"\n{plain(path)}", style="bold"))
            show(received)
        _farewell(folder, seconds)
        if address and (terminal if stay is None else stay):
            _stay(made, address)


def _tell_programs(screen: Screen, seconds: float, routed: Sequence[tuple[Path, Received]]) -> None:
    said = [{"file": path, **explanation(received)} for path, received in routed]
    print_json({"seconds": round(seconds, 1), "scenes": screen.record(), "mails": said})


def _stay(made: Stage, address: str) -> None:
    """The installation stays at work until it is interrupted."""
    say(f"\nOr look at all of it in a browser, at {address}/admin. This link signs you in, once:")
    say(f"  {first_link(made.app, address)}")
    say("It is served until you press Ctrl-C.")
    sys.stdout.flush()
    end = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: end.set())
    while not end.wait(_BETWEEN_LOOKS_SECONDS * 10):
        pass
    say("\nThe tour is over. What it left stays in its folder.")


def _play(made: Stage, screen: Screen, seconds_to_read: float) -> None:
    """All scenes, a few at a time; TemporaryFailure names those that did not come to their end."""
    until = time.monotonic() + _LONGEST_SECONDS
    next_begin = 0.0
    waiting = list(SCENES)
    playing: list[tuple[Scene, Playing]] = []
    while waiting or playing:
        if waiting and len(playing) < _AT_A_TIME and time.monotonic() >= next_begin:
            scene = waiting.pop(0)
            playing.append((scene, scene.play(made, scene.person)))
            next_begin = time.monotonic() + seconds_to_read
        playing = [(scene, play) for scene, play in playing if _goes_on(scene, play, screen)]
        if time.monotonic() > until and (waiting or playing):
            names = ", ".join([*(scene.title for scene, _ in playing), *(scene.title for scene in waiting)])
            raise TemporaryFailure(
                f"The tour did not come to its end: {names}.",
                remedy="This machine may be very busy. MAILLOOM_LOG=info mailloom demo shows what goes on.",
            )
        time.sleep(_BETWEEN_LOOKS_SECONDS)


def _goes_on(scene: Scene, play: Playing, screen: Screen) -> bool:
    """One step of a scene; False when it is over."""
    try:
        news = next(play)
    except StopIteration:
        screen.over(scene)
        return False
    if news is not None:
        screen.happened(scene, news)
    return True


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ConfigurationError(
            f"The mail {path} cannot be read: {error.strerror or error}.", remedy="Name files with one raw mail each."
        ) from error


def _farewell(folder: Path, seconds: float) -> None:
    command = _as_called()
    widest = max(len(f"{command} --data {folder} {words}") for words, meaning in _FURTHER if meaning)
    say(f"\nAll settled after {seconds:.0f} s. Look further:")
    for words, meaning in _FURTHER:
        say(f"  {f'{command} --data {folder} {words}':<{widest}}  {meaning}")


def _as_called() -> str:
    """How this program was started, so that the commands shown can be typed as they are."""
    program = Path(sys.argv[0])
    if program.name == "__main__.py":
        return "python -m mailloom"
    found = shutil.which(program.name)
    same = found is not None and Path(found).resolve() == program.resolve()
    return program.name if same else str(program)


_FURTHER = (
    ("helpdesk list", "the tickets"),
    ("threads show 1", "the conversation with Ann"),
    ("outbox list", "every mail we sent, and what the servers said"),
    ("bounces list", "what came back"),
    ("doctor domain example.org --last", "what a domain's DNS should hold, and holds"),
    ("routes", "the table that decides about incoming mail"),
    ("sandbox people", "who lives in the sandbox"),
    ("serve", "go on from here; then, in another terminal:"),
    ("sandbox write ann.replies@example.com support@example.org", ""),
)
