"""Opting out by mail: a link of ours in the words is the proof, whatever the sender; without one, a sender who is not forged."""

from __future__ import annotations

import pytest

from mailloom.addons.optout.links import Link, make_token
from mailloom.testing import mail

ANN = Link(key="ann@example.com", topic="list:7", mailing="mailing:12")
HERE = "unsubscribe@example.org"


def token(house) -> str:
    return make_token(house.app, ANN)


@pytest.mark.parametrize(
    "fields",
    [
        pytest.param(lambda token: {"subject": f"unsubscribe {token}"}, id="in the subject"),
        pytest.param(lambda token: {"subject": "", "text": f"unsubscribe\r\n{token}"}, id="in the text"),
        pytest.param(lambda token: {"subject": f"=?utf-8?q?unsubscribe_{token.replace('_', '=5F')}?="}, id="encoded"),
        pytest.param(lambda token: {"subject": f"unsubscribe\r\n {token}"}, id="folded"),
        pytest.param(
            lambda token: {"subject": f"unsubscribe {token}", "headers": {"Auto-Submitted": "auto-generated"}},
            id="sent by a program",
        ),
        pytest.param(lambda token: {"subject": f"unsubscribe {token}", "sender": ""}, id="no sender"),
    ],
)
def test_a_link_of_ours_opts_out_whom_it_names(house, fields):
    values = {"sender": "Somebody <provider@elsewhere.example>", "to": HERE, **fields(token(house))}
    received = house.app.receive(mail(**values), recipients=[HERE])
    assert received.outcome == "reported", received.reason
    [said] = house.said()
    assert (said.key, said.topic, said.source.value, said.mailing) == (ANN.key, "list:7", "mailto", "mailing:12")
    assert said.evidence["arrival"] == str(received.arrival_id)


def test_a_mail_without_a_link_counts_for_its_sender(house):
    received = house.app.receive(mail(to=HERE, subject="Please stop"), recipients=[HERE])
    assert received.outcome == "reported"
    [said] = house.said()
    assert (said.key, said.topic) == ("ann@example.com", "")


def test_the_address_answers_in_every_domain_of_ours_with_anything_after_a_plus(house):
    known = house.app.recipients_known([HERE, "Unsubscribe+x@example.org", "unsubscribe@elsewhere.example"])
    assert list(known.values()) == [True, True, False]
    received = house.app.receive(mail(), recipients=["unsubscribe+x@example.org"])
    assert received.outcome == "reported"


def test_a_bounce_that_comes_there_opts_out_nobody(house):
    bounce = (
        b"From: MAILER-DAEMON@mx.example.com\r\nTo: unsubscribe@example.org\r\nSubject: Undelivered\r\nMIME-Version: 1.0\r\n"
        b'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\r\n\r\n'
        b"--b\r\nContent-Type: text/plain\r\n\r\nNo.\r\n--b\r\nContent-Type: message/delivery-status\r\n\r\n"
        b"Reporting-MTA: dns; mx\r\n\r\nFinal-Recipient: rfc822; x@y.example\r\nAction: failed\r\nStatus: 5.1.1\r\n\r\n--b--\r\n"
    )
    house.app.receive(bounce, recipients=[HERE])
    assert house.said() == []


def test_a_dry_run_opts_out_nobody(house):
    explained = house.app.explain(mail(to=HERE, subject=token(house)), recipients=[HERE])
    assert explained.outcome == "reported"
    assert house.said() == []


def test_without_sender_and_link_a_person_has_to_look(house):
    received = house.app.receive(b"To: unsubscribe@example.org\r\nSubject: stop\r\n\r\nstop\r\n", recipients=[HERE])
    assert (received.outcome, house.said()) == ("parked", [])


def test_other_mail_goes_its_way(house):
    house.app.receive(mail(subject=f"unsubscribe {token(house)}", to="support@example.org"))
    assert house.said() == []
