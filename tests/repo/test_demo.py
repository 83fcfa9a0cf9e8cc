"""The tour runs from beginning to end, as a person starts it: in a process of its own, from the checkout and from the installed wheel."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import sysconfig
import time
import venv
import zipfile
from collections.abc import Sequence
from pathlib import Path

import httpx
import pytest

from mailloom.cli.tour_scenes import SCENES

ROOT = Path(__file__).parents[2]
LONGEST_SECONDS = 60
CLAIMED = b"From: a@example.com\r\nTo: support@example.org\r\nSubject: Mine\r\nMessage-ID: <mine@example.com>\r\n\r\nHello\r\n"
UNCLAIMED = (
    b"From: a@example.com\r\nTo: b@example.net\r\nSubject: Yours\r\nMessage-ID: <yours@example.com>\r\n\r\nHello\r\n"
)
HAPPENED = [
    pytest.param("new ticket 1", id="a new ticket by alias"),
    pytest.param("the reply joined the ticket: “", id="the reply in its thread"),
    pytest.param("came back; noted on the ticket, address suppressed", id="the bounce noted"),
    pytest.param("550 5.1.1 User unknown", id="what the server said"),
    pytest.param("refused at once, never tried again", id="a refusal"),
    pytest.param("sent at try 2", id="the greylisted one delivered at the second try"),
    pytest.param("out of office: kept with the ticket, told to nobody", id="out of office"),
    pytest.param("forward: orders@example.org → sandbox.order", id="the forward to another alias"),
    pytest.param("no more marketing to this address", id="the complaint"),
    pytest.param("zoe.accepts@example.net is not among known contacts", id="the refused sender"),
    pytest.param("stopped; even its answer to our notice is ignored", id="the loop"),
    pytest.param("re-routed by one command: new ticket", id="the parked mail"),
    pytest.param("mailloom parked reroute", id="the command that re-routed it"),
    pytest.param("records published as proposed, checked again: all green", id="a domain from nothing to all green"),
    pytest.param("What happened and why", id="the table"),
]

SHOWN = [
    ("/", "Sent in the last 24 hours"),
    ("/helpdesk/tickets", "The lamp stays dark"),
    ("/conversations", "The lamp stays dark"),
    ("/outbox", "@example."),
    ("/arrivals", "@example."),
    ("/bounces", "bob.bounces@example.com"),
    ("/mailings", "A new lamp"),
    ("/servers", "sandbox"),
    ("/deliverability/domains/example.org", "Big mailings may go out"),
    ("/deliverability/domains/example.org/keys", "signs"),
    ("/deliverability/domains/example.org/reports", "198.51.100.77"),
    ("/jobs", "settle"),
]
"""Something to look at on every page."""


def take_tour(
    folder: Path, *arguments: str, python: str = sys.executable, within: Sequence[str] = ()
) -> subprocess.CompletedProcess[str]:
    """In an empty folder, without anything that this process's environment says about mailloom; `within` is a command that runs it."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MAILLOOM_")}
    environment["COLUMNS"] = "140"
    return subprocess.run(
        [*within, python, "-W", "error", "-m", "mailloom", "demo", *arguments],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=LONGEST_SECONDS,
    )


def words(text: str) -> str:
    """Without the lines of tables, which break sentences."""
    return " ".join(text.split())


@pytest.fixture(scope="module")
def toured(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, subprocess.CompletedProcess[str]]:
    folder = tmp_path_factory.mktemp("tour")
    (folder / "claimed.eml").write_bytes(CLAIMED)
    (folder / "unclaimed.eml").write_bytes(UNCLAIMED)
    started = time.monotonic()
    done = take_tour(folder, "claimed.eml", "unclaimed.eml")
    assert time.monotonic() - started < LONGEST_SECONDS
    return folder, done


@pytest.mark.slow
def test_the_tour_ends_well_and_says_nothing_on_stderr(
    toured: tuple[Path, subprocess.CompletedProcess[str]],
) -> None:
    _, done = toured
    assert (done.returncode, done.stderr) == (0, "")
    assert "\x1b" not in done.stdout, "without a terminal it prints plain text"


@pytest.mark.slow
@pytest.mark.parametrize("what", HAPPENED)
def test_the_tour_shows(toured: tuple[Path, subprocess.CompletedProcess[str]], what: str) -> None:
    lines = toured[1].stdout.splitlines()
    # A cell of the final table is broken over lines; its columns are read one by one.
    columns = zip(
        *([cell.strip() for cell in line.strip("│").split("│")] for line in lines if line.startswith("│")), strict=True
    )
    assert what in words(toured[1].stdout) or any(what in words(" ".join(column)) for column in columns)


@pytest.mark.slow
def test_mails_of_the_command_line_are_routed_with_every_step(
    toured: tuple[Path, subprocess.CompletedProcess[str]],
) -> None:
    said = words(toured[1].stdout)
    assert "claimed.eml routed: alias: support@example.org → helpdesk.ticket" in said
    assert "unclaimed.eml parked: no-route: no alias, no known conversation and no fallback claims it" in said
    assert said.count("loop-tag pass no loop tag") == 2


@pytest.mark.slow
def test_the_commands_at_the_end_work_on_what_the_tour_left(
    toured: tuple[Path, subprocess.CompletedProcess[str]],
) -> None:
    folder, done = toured
    lines = [line.strip() for line in done.stdout.splitlines() if line.startswith("  python -m mailloom --data ")]
    offered = [line.partition("  ")[0].split()[2:] for line in lines]
    shown = [line for line in offered if line[3] in ("helpdesk", "threads", "outbox", "bounces", "routes")]
    assert len(shown) == 5
    for line in shown:
        ran = subprocess.run(
            [sys.executable, "-m", *line], cwd=folder, capture_output=True, text=True, check=False, timeout=30
        )
        assert (ran.returncode, ran.stderr) == (0, ""), line
        assert len(ran.stdout.splitlines()) > 2


@pytest.mark.slow
def test_a_second_tour_replaces_the_first_and_nothing_else_and_tells_programs_too(tmp_path: Path) -> None:
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "letter").write_text("dear")
    refused = take_tour(tmp_path, "--folder", "mine")
    assert (refused.returncode, (mine / "letter").read_text()) == (1, "dear")
    assert "no earlier demo made it" in refused.stderr
    assert take_tour(tmp_path).returncode == 0
    told = json.loads(take_tour(tmp_path, "--json").stdout)
    assert [one["scene"] for one in told["scenes"]] == [scene.title for scene in SCENES]
    assert all(one["news"][0]["what"] for one in told["scenes"])
    assert (tmp_path / "demo-data" / "mailloom.db").exists()


@pytest.mark.slow
def test_the_tour_stays_to_be_looked_at_until_it_is_interrupted(tmp_path: Path) -> None:
    staying = subprocess.Popen(
        [sys.executable, "-W", "error", "-m", "mailloom", "demo", "--stay"],
        cwd=tmp_path,
        env={name: value for name, value in os.environ.items() if not name.startswith("MAILLOOM_")},
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        link = _link_of(staying)
        with httpx.Client(base_url=link.partition("/admin")[0], timeout=20) as browser:
            assert browser.post(link).status_code == 303, "signed in by the link, by http"
            for path, said in SHOWN:
                page = browser.get(f"/admin{path}")
                assert (page.status_code, said in page.text) == (200, True), path
        staying.send_signal(signal.SIGINT)
        rest, _ = staying.communicate(timeout=30)
    finally:
        staying.kill()
    assert staying.returncode == 0
    assert "The tour is over." in rest


def _link_of(staying: subprocess.Popen[str]) -> str:
    assert staying.stdout is not None
    for line in staying.stdout:
        if "/admin/link/" in line:
            return line.strip()
    raise AssertionError("no link was shown")


@pytest.mark.slow
def test_the_tour_needs_no_network_but_this_machines_own(tmp_path: Path) -> None:
    without_network = ["unshare", "-n", "sh", "-c", 'ip link set lo up && exec "$@"', "sh"]
    try:
        subprocess.run([*without_network, "true"], check=True, capture_output=True, timeout=10)
    except (OSError, subprocess.SubprocessError):
        pytest.skip("the network can only be taken away by root, with unshare and ip")
    assert take_tour(tmp_path, within=without_network).returncode == 0


def test_a_mail_that_cannot_be_read_is_said_before_anything_is_done(tmp_path: Path) -> None:
    done = take_tour(tmp_path, "nowhere.eml")
    assert (done.returncode, list(tmp_path.iterdir())) == (1, [])
    assert "nowhere.eml cannot be read" in done.stderr


@pytest.mark.slow
def test_the_tour_runs_from_the_installed_wheel(tmp_path: Path) -> None:
    pytest.importorskip("hatchling", reason="hatchling builds the package; it is not installed here")
    built = subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path / "wheel")],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert built.returncode == 0, built.stdout + built.stderr
    [wheel] = (tmp_path / "wheel").iterdir()
    python = environment_with(wheel, tmp_path / "environment")
    where = subprocess.run(
        [python, "-c", "import mailloom; print(mailloom.__file__)"], capture_output=True, text=True, check=True
    )
    assert where.stdout.startswith(str(tmp_path)), "the checkout is not to be seen from there"
    done = take_tour(tmp_path, python=python)
    assert (done.returncode, done.stderr) == (0, "")
    assert all(scene.title in done.stdout for scene in SCENES)


def environment_with(wheel: Path, folder: Path) -> str:
    """The Python of a fresh environment that holds the wheel; the libraries it needs are lent by this one, without what is installed here in
    editable form."""
    venv.create(folder, with_pip=False, symlinks=True)
    [packages] = folder.glob("lib/python*/site-packages")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(packages)
    (packages / "lent.pth").write_text(f"{sysconfig.get_path('purelib')}\n")
    return str(folder / "bin" / "python")
