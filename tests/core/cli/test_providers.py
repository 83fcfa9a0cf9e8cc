"""`accounts presets`, `accounts add --preset`, `accounts discover` and `explain`, as a person uses them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Mailloom = Callable[..., Any]


@pytest.fixture
def ready(installation: Mailloom) -> Mailloom:
    """With the kinds of servers, the presets and the explanations at work."""
    for name in ("smtp", "presets", "explain"):
        assert installation("addons", "install", name).code == 0
    return installation


def _settings(mailloom: Mailloom, name: str) -> Any:
    return mailloom("accounts", "show", name, "--json").json


def test_presets_are_listed_and_shown(ready: Mailloom) -> None:
    names = [preset["name"] for preset in ready("accounts", "presets", "--json").json]
    assert {"gmail", "microsoft365", "ses-smtp", "own-server"} <= set(names)
    assert "iCloud Mail" in ready("accounts", "presets").out
    shown = ready("accounts", "presets", "microsoft365").out
    assert "outlook.office365.com" in shown
    assert "Set-CASMailbox" in shown
    assert ready("accounts", "presets", "nothing").code == 1


def test_a_preset_fills_in_the_fields_and_what_is_given_wins(ready: Mailloom) -> None:
    ran = ready("accounts", "add", "work", "--preset", "gmail", "--user", "ann@gmail.com", "--set", "per_day=50", "--port", "587",
                "--security", "starttls")  # fmt: skip
    assert ran.code == 0
    found = _settings(ready, "work")
    assert (found["kind"], found["host"], found["port"], found["security"]) == (
        "smtp",
        "smtp.gmail.com",
        587,
        "starttls",
    )
    assert (found["user"], found["per_day"], found["provider"]) == ("ann@gmail.com", 50, "gmail")
    assert found["custom_mail_from"] is False


def test_an_incoming_account_is_made_from_a_preset(ready: Mailloom) -> None:
    assert ready("addons", "install", "imap").code == 0
    assert ready("accounts", "add", "in", "--preset", "webde", "--kind", "imap", "--user", "ann@web.de").code == 0
    found = _settings(ready, "in")
    assert (found["host"], found["port"], found["user"]) == ("imap.web.de", 993, "ann")


def test_a_preset_without_a_server_is_used_with_its_own_kind(ready: Mailloom) -> None:
    assert ready("addons", "install", "sendmail").code == 0
    assert ready("accounts", "add", "out", "--preset", "local-sendmail").code == 0
    assert _settings(ready, "out")["kind"] == "sendmail"


def test_the_host_of_ones_own_server_may_be_given_either_way(ready: Mailloom) -> None:
    assert ready("accounts", "add", "one", "--preset", "own-server", "--host", "mail.example.org").code == 0
    assert ready("accounts", "add", "two", "--preset", "own-server", "--choose", "host=mail.example.org").code == 0
    assert _settings(ready, "one")["host"] == _settings(ready, "two")["host"] == "mail.example.org"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        pytest.param([], "which kind of account", id="neither kind nor preset"),
        pytest.param(["--preset", "gmial"], "no preset 'gmial'", id="misspelt"),
        pytest.param(["--preset", "icloud", "--kind", "pop3"], "offers no pop3", id="protocol it lacks"),
        pytest.param(["--preset", "own-server"], "needs its host", id="choice left out"),
        pytest.param(["--kind", "smtp", "--choose", "region=x"], "goes with --preset", id="choice without a preset"),
    ],
)
def test_a_mistake_gives_a_sentence_and_a_remedy(ready: Mailloom, arguments: list[str], said: str) -> None:
    assert "--kind" not in arguments or ready("addons", "install", "pop3").code == 0
    ran = ready("accounts", "add", "work", *arguments)
    assert ran.code == 1
    assert said in ran.err


def test_servers_of_a_known_domain_are_found_without_the_network(ready: Mailloom) -> None:
    found = ready("accounts", "discover", "Ann@GMX.de", "--json").json
    assert (found["domain"], found["preset"], found["preset_origin"]) == ("gmx.de", "gmx", "bundled table")
    imap = next(server for server in found["servers"] if server["protocol"] == "imap")
    assert (imap["host"], imap["port"], imap["user"], imap["confirmed"]) == ("imap.gmx.net", 993, "Ann@GMX.de", True)
    said = ready("accounts", "discover", "gmx.de").out
    assert "mailloom accounts add NAME --preset gmx" in said


def test_what_is_no_address_is_refused(ready: Mailloom) -> None:
    ran = ready("accounts", "discover", "ann@")
    assert (ran.code, "has no domain" in ran.err) == (1, True)


def test_without_the_addon_discovering_says_what_is_missing(installation: Mailloom) -> None:
    ran = installation("accounts", "discover", "ann@example.org")
    assert (ran.code, "addons install presets" in ran.err) == (1, True)


def test_a_failure_is_explained(ready: Mailloom) -> None:
    said = ready("explain", "535 5.7.3 Authentication unsuccessful")
    assert said.code == 0
    assert "Exchange refused the login" in said.out
    assert "paused until a person" in said.out
    record = ready("explain", "-ERR Login failure", "--json").json
    assert (record["protocol"], record["explanation"]["failure"]) == ("pop3", "config")
    generic = ready("explain", "550 5.7.17 whatever", "--json").json
    assert generic["explanation"]["generic"] is True
    assert "code decides" in generic["next"]


def test_words_that_say_nothing_are_said_to_be_unknown(ready: Mailloom) -> None:
    ran = ready("explain", "hello")
    assert (ran.code, "not known" in ran.out) == (1, True)


def test_the_provider_decides_between_explanations(ready: Mailloom) -> None:
    words = "454 4.7.0 Too many login attempts, please try again later."
    rules = [
        ready("explain", words, "--kind", kind, "--json").json["explanation"]["rule"] for kind in ("gmail", "smtp")
    ]
    assert rules == ["gmail-too-many-logins", "smtp-too-many-logins"]


def test_the_pages_of_providers_are_written(mailloom: Mailloom, tmp_path: Path) -> None:
    written = mailloom("provider-pages", str(tmp_path / "pages"), "--json").json
    assert {"README.md", "gmail.md"} <= set(written["pages"])
    assert "smtp.gmail.com" in (tmp_path / "pages" / "gmail.md").read_text(encoding="utf-8")


def test_a_failed_step_of_a_test_is_explained(ready: Mailloom, scripted: Callable[..., Any]) -> None:
    greeting = b"554 5.7.1 Service unavailable; Client host [192.0.2.1] blocked using zen.spamhaus.org\r\n"
    server = scripted(lambda line: None, greeting)
    options = ("--kind", "smtp", "--host", "127.0.0.1", "--port", str(server.port), "--security", "none")
    assert ready("accounts", "add", "out", *options, "--set", "authentication=none").code == 0
    record = ready("accounts", "test", "out", "--json").json
    step = record["steps"][-1]
    assert (record["passed"], step["name"]) == (False, "greeting")
    assert "stands on a blocklist" in step["meaning"]
    assert "https://check.spamhaus.org/" in step["remedy"]
