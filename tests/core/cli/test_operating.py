"""The operator's commands on an installation with aliases: route, parked, jobs, contacts, threads, doctor, metrics, fetch, serve."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Mailloom = Callable[..., Any]

MAIL = (
    b"From: Bob <bob@example.com>\r\nTo: nobody@example.org\r\nSubject: Hello\r\nMessage-ID: <1@example.com>\r\n"
    b"Date: Mon, 2 Mar 2026 10:00:00 +0000\r\n\r\nHello there\r\n"
)
ROUTERS = ["duplicate", "loop-tag", "reply", "alias", "fallback", "catchall", "loop-limit", "no-route"]


@pytest.fixture
def office(mailloom: Mailloom) -> Mailloom:
    made = mailloom("init", "--json")
    assert made.code == 0, made.err
    assert {"alias", "catchall"} <= set(made.json["at_work"])
    return mailloom


@pytest.fixture
def mail(tmp_path: Path) -> str:
    (tmp_path / "mail.eml").write_bytes(MAIL)
    return str(tmp_path / "mail.eml")


def test_init_says_what_to_do_next_and_may_be_repeated(mailloom: Mailloom) -> None:
    said = mailloom("init").out
    assert "mailloom accounts add" in said
    assert "mailloom serve" in said
    again = mailloom("init", "--json").json
    assert (again["new"], again["installed"]) == (False, [])


def test_a_bare_installation_has_no_addons(mailloom: Mailloom) -> None:
    assert mailloom("init", "--bare", "--json").json["addons"] == []


def test_explaining_changes_nothing(office: Mailloom, mail: str) -> None:
    said = office("route", mail, "--explain", "--json").json
    assert list(said) == ["outcome", "routes", "steps", "answer"]
    assert said["outcome"] == "parked"
    assert said["answer"] is None
    assert said["steps"][-1]["router"] == "no-route"
    assert all(list(step) == ["router", "verdict", "why"] for step in said["steps"])
    assert office("parked", "list", "--json").json == []


def test_a_mail_from_a_file_is_received(office: Mailloom, mail: str) -> None:
    said = office("route", mail)
    assert said.out.startswith("parked: no-route")
    [parked] = office("parked", "list", "--json").json
    assert (parked["from"], parked["subject"], parked["attempts"]) == ("bob@example.com", "Hello", 1)
    assert "Hello" in office("parked", "list").out
    again = office("route", mail, "--json").json
    assert (again["outcome"], again["steps"][-1]["router"]) == ("ignored", "duplicate")


def test_the_table_of_routers_is_printed_in_order(office: Mailloom) -> None:
    rows = office("routes", "--json").json
    names = [row["name"] for row in rows]
    assert [name for name in names if name in ROUTERS] == ROUTERS
    assert (names[0], names[-2:]) == ("duplicate", ["loop-limit", "no-route"])
    assert {row["addon"] for row in rows} >= {"core", "alias", "catchall"}
    assert all(row["summary"] for row in rows)
    orders = [row["order"] for row in rows if row["order"] is not None]
    assert orders == sorted(orders)


def test_parked_mails_are_shown_retried_and_discarded(office: Mailloom, mail: str) -> None:
    office("route", mail)
    [parked] = office("parked", "list", "--json").json
    number = str(parked["id"])
    shown = office("parked", "show", number, "--json").json
    assert (shown["outcome"], shown["mail"]["subject"]) == ("parked", "Hello")
    assert "Hello there" in office("parked", "show", number).out
    retried = office("parked", "retry", number, "--json")
    assert (retried.code, retried.json[0]["outcome"]) == (1, "parked")
    assert office("parked", "discard", number, "4711", "--json").json[1]["error"].startswith("There is no arrival 4711")
    assert office("parked", "list", "--json").json == []
    again = office("parked", "retry", number, "--json").json
    assert again[0]["outcome"] == "parked", "what was put away can be taken up again"


def test_a_parked_mail_is_sent_another_way_by_one_command(office: Mailloom, mail: str) -> None:
    assert office("addons", "install", "helpdesk").code == 0
    office("route", mail)
    [done] = office("parked", "reroute", "--all", "--fallback", "helpdesk.ticket", "--json").json
    assert done["outcome"] == "routed"
    assert "is routed, not parked" in office("parked", "retry", str(done["id"])).out
    [route] = done["routes"]
    assert list(route) == ["action", "model", "record", "thread", "parent", "router", "defaults"]
    assert (route["action"], route["model"], route["router"]) == ("create", "helpdesk.ticket", "fallback")
    thread = office("threads", "show", str(route["thread"]), "--json").json
    assert [(message["kind"], message["subject"]) for message in thread["messages"]] == [("mail", "Hello")]
    shown = office("threads", "show", str(route["thread"])).out
    assert "[mail]" in shown
    assert "Hello there" in shown
    assert office("threads", "list", "--json").json[0]["model"] == "helpdesk.ticket"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        pytest.param(["route", "/nowhere/mail.eml"], "cannot be read", id="no such file"),
        pytest.param(["parked", "retry"], "Which mails", id="no ids"),
        pytest.param(["parked", "reroute", "1"], "Where shall it go", id="no way"),
        pytest.param(["parked", "show", "4711"], "no arrival 4711", id="no such arrival"),
        pytest.param(["threads", "show", "4711"], "no thread 4711", id="no such thread"),
        pytest.param(["contacts", "show", "nobody@example.org"], "no contact", id="no such contact"),
        pytest.param(["contacts", "add", "no address"], "no e-mail address", id="no address"),
        pytest.param(["jobs", "run", "fetch:nowhere"], "no job 'fetch:nowhere'", id="no such job"),
        pytest.param(["fetch", "nowhere"], "no incoming account 'nowhere'", id="no such account"),
        pytest.param(["serve", "--metrics", "nonsense"], "cannot be offered", id="no place for metrics"),
        pytest.param(["serve", "--engine", "procrastinate"], "needs PostgreSQL", id="engine without its database"),
    ],
)
def test_a_mistake_gives_a_sentence_and_a_remedy(office: Mailloom, arguments: list[str], said: str) -> None:
    ran = office(*arguments)
    assert ran.code == 1
    assert said in ran.err
    assert len(ran.err.strip().splitlines()) >= 2


def test_jobs_are_listed_run_paused_and_resumed(office: Mailloom) -> None:
    jobs = {job["job"]: job for job in office("jobs", "list", "--json").json}
    assert {"settle", "recover", "retain"} <= set(jobs)
    assert jobs["settle"]["state"] == "never run"
    assert office("jobs", "run", "settle").out == "There was nothing to do.\n"
    assert office("jobs", "pause", "settle", "--json").json == {"job": "settle", "paused": True}
    jobs = {job["job"]: job for job in office("jobs", "list", "--json").json}
    assert jobs["settle"]["state"] == "paused"
    office("jobs", "resume", "settle")
    jobs = {job["job"]: job for job in office("jobs", "list", "--json").json}
    assert jobs["settle"]["state"] == "fine"


def test_contacts_are_made_found_and_archived(office: Mailloom) -> None:
    made = office("contacts", "add", "ann@example.org", "ann@example.net", "--name", "Ann", "--internal", "--json").json
    assert (made["name"], made["addresses"]) == ("Ann", ["ann@example.org", "ann@example.net"])
    assert office("contacts", "list", "EXAMPLE.net", "--json").json[0]["id"] == made["id"]
    assert office("contacts", "show", "ann@example.net", "--json").json["internal"] is True
    assert office("contacts", "archive", str(made["id"])).code == 0
    assert office("contacts", "list", "--json").json == []
    assert office("contacts", "list", "--archived", "--json").json[0]["archived"] is True
    assert office("contacts", "archive", "ann@example.org", "--undo", "--json").json["archived"] is False


def test_the_doctor_finds_what_is_wrong_and_says_what_would_help(office: Mailloom, mail: str) -> None:
    well = office("doctor", "--json")
    assert well.code == 0
    subjects = {finding["subject"]: finding["severity"] for finding in well.json}
    assert all(subjects[name] == "good" for name in ("database", "migrations", "key file", "clock", "addons", "kept"))
    assert subjects["accounts"] == "warning"
    office("route", mail)
    ill = {finding["subject"]: finding for finding in office("doctor", "--json").json}
    assert (ill["parked"]["severity"], ill["parked"]["remedy"]) == ("warning", "See why: mailloom parked list")
    assert "! parked: 1 mails wait" in office("doctor").out


def test_the_doctor_speaks_where_there_is_nothing_to_look_at(mailloom: Mailloom) -> None:
    ran = mailloom("doctor", "--json")
    assert ran.code == 1
    assert [(finding["subject"], finding["severity"]) for finding in ran.json] == [("installation", "bad")]


def test_metrics_are_printed_in_prometheus_words(office: Mailloom, mail: str) -> None:
    office("route", mail)
    said = office("metrics").out
    assert '# TYPE mailloom_arrivals_waiting gauge\nmailloom_arrivals_waiting{outcome="kept"} 0\n' in said
    assert 'mailloom_arrivals_waiting{outcome="parked"} 1\n' in said
    assert {family["name"] for family in office("metrics", "--json").json} >= {"mailloom_outbox", "mailloom_alarms"}


def test_fetching_without_accounts_says_how_to_make_one(office: Mailloom) -> None:
    ran = office("fetch")
    assert ran.code == 0
    assert "mailloom accounts add" in ran.err


@pytest.mark.slow
@pytest.mark.parametrize("command", ["serve", "worker"])
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_in_order(office: Mailloom, command: str, number: signal.Signals) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "mailloom", command], stderr=subprocess.PIPE, text=True, env=dict(os.environ)
    )
    assert process.stderr is not None
    line = process.stderr.readline()
    while line and "mailloom is at work" not in line:
        line = process.stderr.readline()
    assert line, "it ended by itself"
    time.sleep(0.5)
    process.send_signal(number)
    assert process.wait(30) == 0
    assert "mailloom ends" in process.stderr.read()
    process.stderr.close()
