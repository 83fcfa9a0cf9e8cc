"""How the tour is shown: on a terminal a table that changes as things happen, elsewhere a line for each thing."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text

from mailloom.api.output import plain
from mailloom.cli.tour_values import News, Scene

WIDTH_WITHOUT_TERMINAL = 140
_LAST_COMMANDS = 4


class Screen:
    """A context manager; `typed` and `happened` may be called within it."""

    def __init__(self, scenes: Sequence[Scene], console: Console) -> None:
        self._scenes = scenes
        self._console = console
        self._news: dict[str, list[News]] = {scene.title: [] for scene in scenes}
        self._over: set[str] = set()
        self._commands: list[str] = []
        self._started = time.monotonic()
        self._live = Live(console=console, auto_refresh=False, redirect_stdout=False, redirect_stderr=False)

    def __enter__(self) -> Screen:
        if self._console.is_terminal:
            self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop()

    def typed(self, line: str) -> None:
        self._commands.append(line)
        self._show(Text.assemble(("$ ", "dim"), (plain(line), "cyan")))

    def happened(self, scene: Scene, news: News) -> None:
        self._news[scene.title].append(news)
        self._show(Text.assemble((f"{scene.title}: ", "bold"), plain(news.what)))

    def over(self, scene: Scene) -> None:
        self._over.add(scene.title)
        self._refresh()

    def record(self) -> list[dict[str, Any]]:
        """The same for programs: each scene with its news."""
        return [
            {"scene": scene.title, "person": scene.person, "news": self._news[scene.title]} for scene in self._scenes
        ]

    def finish(self) -> None:
        """What moved stands still; then the table of the end: what happened and why."""
        self._stop()
        table = Table(title="What happened and why", title_justify="left", expand=False, show_lines=True)
        for column, share in (("scene", 2), ("what happened", 3), ("why", 4)):
            table.add_column(column, ratio=share, overflow="fold")
        for scene in self._scenes:
            news = self._news[scene.title]
            who = Text.assemble((scene.title, "bold"), "\n", (plain(scene.person), "dim"))
            what = "\n".join(plain(one.what) for one in news)
            why = next((one.why for one in reversed(news) if one.why), "")
            table.add_row(who, Text(what), Text(plain(why)))
        self._console.print(table)

    def _stop(self) -> None:
        if self._live.is_started:
            self._live.update(Text(""), refresh=True)
            self._live.stop()

    def _show(self, line: Text) -> None:
        if self._console.is_terminal:
            self._refresh()
        else:
            self._console.print(Text(f"{time.monotonic() - self._started:5.1f} s  ").append_text(line), soft_wrap=True)

    def _refresh(self) -> None:
        if not self._console.is_terminal:
            return
        table = Table(box=None, pad_edge=False, show_header=False)
        for scene in self._scenes:
            news = self._news[scene.title]
            mark = Text("✔", "green") if scene.title in self._over else Text("…", "yellow")
            table.add_row(mark, Text(scene.title, "bold"), Text(" → ".join(plain(one.what) for one in news)))
        for line in self._commands[-_LAST_COMMANDS:]:
            table.add_row("", Text("$ mailloom", "dim"), Text(plain(line).removeprefix("mailloom "), "cyan"))
        self._live.update(table, refresh=True)
