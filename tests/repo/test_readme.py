"""The README's example runs as it stands there, line by line, and its tables are what the commands print."""

from __future__ import annotations

import os
import re
import shlex
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from mailloom.registry.discovery import find_addons
from mailloom.registry.loader import load_hooks

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
ARCHITECTURE = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
EXAMPLE, CONNECT, ROUTES = re.findall(r"^```console\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)


class Shell:
    """Types command lines of mailloom in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        kept = {name: value for name, value in os.environ.items() if not name.startswith("MAILLOOM_")}
        self.environment = {**kept, "COLUMNS": "200"}
        self.serving: subprocess.Popen[bytes] | None = None

    def type(self, line: str) -> str:
        words = [sys.executable, "-m", *shlex.split(line)]
        if words[-1] == "&":
            self.serving = subprocess.Popen(
                words[:-1], cwd=self.folder, env=self.environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
            )
            return ""
        done = subprocess.run(
            words, cwd=self.folder, env=self.environment, capture_output=True, text=True, check=False, timeout=60
        )
        assert done.returncode == 0, f"{line}: {done.stdout}{done.stderr}"
        return done.stdout

    def end(self) -> None:
        if self.serving is not None:
            self.serving.send_signal(signal.SIGTERM)
            assert self.serving.wait(40) == 0


@pytest.fixture
def shell(tmp_path: Path) -> Iterator[Shell]:
    made = Shell(tmp_path)
    yield made
    made.end()


def free_ports(count: int) -> list[int]:
    opened = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [each.getsockname()[1] for each in opened]
    for each in opened:
        each.close()
    return ports


def until_it_listens(port: int) -> None:
    until = time.monotonic() + 30
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            assert time.monotonic() < until, "nobody listens"
            time.sleep(0.1)
        else:
            return


def until_it_says(shell: Shell, line: str, wanted: str) -> str:
    until = time.monotonic() + 40
    while wanted not in (said := shell.type(line)):
        assert time.monotonic() < until, said
        time.sleep(0.5)
    return said


@pytest.mark.slow
def test_the_example_runs_as_it_stands(shell: Shell) -> None:
    # Only the ports differ, because on the machine of a test the usual ones may be taken.
    lmtp, smtp, sandbox = free_ports(3)
    moved = {
        "listener.lmtp": f"127.0.0.1:{lmtp}",
        "listener.smtp": f"127.0.0.1:{smtp}",
        "sandbox.smtp": f"127.0.0.1:{sandbox}",
        "sandbox.home": f"127.0.0.1:{smtp}",
    }
    lines = [line.removeprefix("$ ") for line in EXAMPLE.splitlines()]
    assert (len(lines), lines[-1]) == (10, "mailloom threads show 1")
    for line in lines[:-1]:
        if line.startswith("mailloom helpdesk reply"):
            until_it_says(shell, "mailloom helpdesk list", "The lamp stays dark")
        shell.type(line.replace("2626", str(sandbox)))
        if line.startswith("mailloom addons install"):
            for path, value in moved.items():
                shell.type(f"mailloom settings set {path} {value}")
        if line.endswith("&"):
            until_it_listens(smtp)
            until_it_listens(sandbox)
    shown = until_it_says(shell, lines[-1], "ann.replies@example.com  [mail]\nRe: ")
    assert "→ ann.replies@example.com sent: 250" in shown


def test_the_routing_table_is_what_the_command_prints(shell: Shell) -> None:
    shell.type("mailloom init")
    printed = [line.rstrip() for line in shell.type("mailloom routes").splitlines()]
    assert printed == ROUTES.splitlines()[1:]


def test_the_architecture_names_every_router_with_its_number() -> None:
    documented = {
        (int(order), name) for order, name in re.findall(r"^\| (\d+) \| `([\w-]+)`", ARCHITECTURE, re.MULTILINE)
    }
    hooks = [load_hooks(found) for found in find_addons(entry_points=False).values()]
    routers = [router for each in hooks if hasattr(each, "register_routers") for router in each.register_routers()]
    assert documented == {(router.order, router.name) for router in routers}


@pytest.mark.parametrize("link", sorted(set(re.findall(r"\]\((?!https?:)([^)#]+)", README))))
def test_what_the_readme_points_to_exists(link: str) -> None:
    assert (ROOT / link).exists()


def test_connecting_a_server_begins_as_the_readme_says(shell: Shell) -> None:
    lines = [line.removeprefix("$ ") for line in CONNECT.splitlines()]
    shell.type("mailloom init")
    said = shell.type(lines[0])
    for line, name in ((lines[1], "office"), (lines[2], "inbox")):
        assert line.replace(f" {name} ", " NAME ") in said
        shell.environment["WORD"] = "secret"
        shell.type(line.replace("--ask-password", "--password-env WORD"))
    accounts = shell.type("mailloom accounts list")
    assert all(line.split()[3] in accounts for line in lines[3:])
