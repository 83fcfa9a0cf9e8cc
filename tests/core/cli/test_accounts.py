"""Accounts, outbox and sending from the command line, against a scripted server."""

from __future__ import annotations

import pytest

from mailloom.app import open_app
from mailloom.testing.outbox import address
from mailloom.testing.smtp_server import FakeSmtpServer, Say, Stage


@pytest.fixture
def server():
    with FakeSmtpServer(users={"ann": "s3cret"}) as server:
        yield server


@pytest.fixture
def mailer(installation):
    """An installation that can send by SMTP."""
    assert installation("addons", "install", "smtp").code == 0
    return installation


@pytest.fixture
def ready(mailer, server):
    """With a confirmed account `out` on the server."""
    given = ["--host", server.host, "--port", str(server.port), "--security", "none", "--set", "authentication=none"]
    assert mailer("accounts", "add", "out", "--kind", "smtp", *given, "--default-from", "help@example.org").code == 0
    assert mailer("accounts", "test", "out").code == 0
    return mailer


def queue(*recipients):
    """Queue a mail in the installation that the environment names."""
    import os
    from pathlib import Path

    from mailloom.api.drafts import Draft, Recipient

    app = open_app(Path(os.environ["MAILLOOM_DATA"]))
    try:
        with app.write() as session:
            draft = Draft(
                sender=address("ann@example.org"),
                recipients=[Recipient(address=address(text)) for text in recipients],
                subject="Hello",
                text="Hello",
            )
            return app.enqueue(session, draft)
    finally:
        app.close()


def test_an_account_is_a_draft_until_its_test_has_passed(mailer, server):
    added = mailer(
        "accounts", "add", "out", "--kind", "smtp", "--host", server.host, "--port", str(server.port),
        "--security", "none", "--set", "authentication=none", "--json",
    )  # fmt: skip
    assert added.json["state"] == "draft"
    tested = mailer("accounts", "test", "out")
    assert tested.code == 0
    assert "TCP" in tested.out
    assert "Passed: account out is confirmed." in tested.out
    [listed] = mailer("accounts", "list", "--json").json
    assert (listed["name"], listed["state"]) == ("out", "confirmed")


def test_a_failed_test_says_the_servers_words_what_they_mean_and_what_to_do(mailer, server, monkeypatch):
    monkeypatch.setenv("SMTP_PASSWORD", "wrong")
    mailer(
        "accounts", "add", "out", "--kind", "smtp", "--host", server.host, "--port", str(server.port),
        "--security", "none", "--user", "ann", "--password-env", "SMTP_PASSWORD",
    )  # fmt: skip
    tested = mailer("accounts", "test", "out")
    assert tested.code == 1
    assert "FAIL" in tested.out
    assert "535" in tested.out
    assert "do:" in tested.out
    assert "wrong" not in mailer("accounts", "show", "out").out
    assert mailer("accounts", "show", "out", "--json").json["password"] == "(set)"


def test_a_real_test_message_is_sent_and_its_answer_shown(ready, server):
    tested = ready("accounts", "test", "out", "--send-to", "bob@example.com")
    assert tested.code == 0
    assert "sent: 250" in tested.out
    [mail] = server.mails
    assert mail.recipients == ("bob@example.com",)
    assert b"Subject: Test of the account out" in mail.data


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        pytest.param(["--kind", "nothing"], "no kind of account 'nothing'", id="kind"),
        pytest.param(["--kind", "smtp", "--port", "70000"], "port:", id="port"),
        pytest.param(["--kind", "smtp", "--set", "timeout_seconds=x"], "timeout_seconds:", id="number"),
        pytest.param(["--kind", "smtp", "--set", "colour=red"], "colour: there is no such field", id="unknown field"),
        pytest.param(["--kind", "smtp", "--set", "password=x"], "password is a secret", id="secret as argument"),
        pytest.param(["--kind", "smtp", "--set", "nonsense"], "FIELD=VALUE", id="form"),
        pytest.param(["--kind", "smtp", "--default-from", "nobody"], "default_from", id="default from"),
        pytest.param(["--kind", "smtp", "--from-filter", "a b"], "from_filter", id="filter"),
        pytest.param(["--kind", "smtp", "--password-env", "NOT_SET_AT_ALL"], "NOT_SET_AT_ALL is not set", id="env"),
    ],
)
def test_bad_input_gets_a_sentence_and_changes_nothing(mailer, arguments, words):
    ran = mailer("accounts", "add", "out", *arguments)
    assert ran.code == 1
    assert words in ran.err
    assert mailer("accounts", "list", "--json").json == []


def test_edit_changes_what_is_named_and_keeps_the_rest(ready):
    assert ready("accounts", "edit", "out", "--set", "max_errors=3", "--sequence", "5", "--name", "main").code == 0
    shown = ready("accounts", "show", "main", "--json").json
    assert (shown["max_errors"], shown["sequence"], shown["default_from"]) == (3, 5, "help@example.org")
    assert ready("accounts", "edit", "main", "--set", "max_errors=").code == 0
    assert ready("accounts", "show", "main", "--json").json["max_errors"] == 10
    assert "Nothing was said" in ready("accounts", "edit", "main").err


def test_choose_says_which_and_why_and_why_not_the_others(ready):
    ready("accounts", "add", "other", "--kind", "smtp", "--host", "h", "--from-filter", "other.test")
    chosen = ready("accounts", "choose", "--from", "ann@example.org")
    assert chosen.code == 0
    assert "out: it has no From filter." in chosen.out
    assert "draft" in chosen.out
    assert ready("accounts", "choose", "--from", "nobody").code == 1


def test_a_paused_account_keeps_its_mail_and_cannot_be_archived(ready, server):
    assert ready("accounts", "disable", "out", "--reason", "moving house").code == 0
    queue("bob@example.com")
    assert ready("send").out.strip() == "Nothing is due."
    refused = ready("accounts", "archive", "out")
    assert refused.code == 1
    assert "used by 1 delivery that waits" in refused.err
    assert ready("accounts", "enable", "out").code == 0
    assert ready("send").code == 0
    assert len(server.mails) == 1
    assert ready("accounts", "archive", "out").code == 0
    assert ready("accounts", "list", "--json").json == []


def test_send_and_look_at_what_became_of_it(ready, server):
    server._recipients["bob@example.com"] = [Say("550 5.1.1 No such user")]
    queue("bob@example.com", "cat@example.com")
    sent = ready("send", "--json")
    assert [(row["sent"], row["rejected"]) for row in sent.json] == [(1, 1)]
    listed = {row["address"]: row for row in ready("outbox", "list", "--json").json}
    assert listed["cat@example.com"]["state"] == "sent"
    shown = ready("outbox", "show", str(listed["bob@example.com"]["id"]))
    assert "550 5.1.1 No such user" in shown.out


def test_a_delivery_is_tried_again_cancelled_or_hurried_by_hand(ready, server):
    server._recipients["bob@example.com"] = [Say("451 4.3.0 later")]
    queued = queue("bob@example.com")
    number = str(queued.deliveries[0])
    ready("send")
    assert ready("outbox", "list", "--state", "deferred", "--json").json[0]["attempts"] == 1
    assert ready("outbox", "priority", "1", number).code == 0
    assert ready("outbox", "retry", number).code == 0
    assert ready("send", "out", "--json").json[0]["sent"] == 1
    too_late = ready("outbox", "cancel", number)
    assert too_late.code == 1
    assert "Left as they are" in too_late.out
    other = queue("cat@example.com")
    assert ready("outbox", "cancel", "--state", "queued", "--json").json["changed"] == list(other.deliveries)
    assert ready("outbox", "retry").code == 1
    assert "There is no delivery 99" in ready("outbox", "show", "99").err


def test_a_server_in_trouble_fails_the_test_without_confirming(mailer):
    with FakeSmtpServer(script={Stage.CONNECT: [Say("554 5.3.2 No service")] * 9}) as server:
        mailer(
            "accounts", "add", "out", "--kind", "smtp", "--host", server.host, "--port", str(server.port),
            "--security", "none", "--set", "authentication=none",
        )  # fmt: skip
        tested = mailer("accounts", "test", "out", "--json")
    assert tested.code == 1
    assert (tested.json["passed"], tested.json["state"]) == (False, "draft")
    assert "554" in tested.json["steps"][-1]["words"]


def test_kinds_and_their_fields_are_listed(mailer):
    kinds = mailer("accounts", "kinds", "--json").json
    assert {"kind": "smtp", "direction": "outgoing", "title": "SMTP server"} in kinds
    fields = {row["field"]: row for row in mailer("accounts", "kinds", "smtp", "--json").json}
    assert fields["retry_minutes"]["default"] == 5


@pytest.mark.parametrize("field", ["host", "user", "default_from", "envelope_sender", "domain"])
def test_a_line_end_in_a_field_is_refused_when_it_is_entered(field: str) -> None:
    from pydantic import ValidationError

    from mailloom.addons.smtp.settings import SmtpSettings

    with pytest.raises(ValidationError, match="line end"):
        SmtpSettings.model_validate({field: "mail.example.org\r\nRSET"})
