"""Saying when the server is waited for, so that one thread can serve several connections."""

from __future__ import annotations

import select
from collections.abc import Callable
from typing import Any

import pytest

from mailloom.addons.smtp.kind import SmtpKind
from mailloom.api import Parcel, Status
from mailloom.api.sending import InterleavingTransport
from mailloom.testing.certificates import CertificateFiles
from mailloom.testing.smtp_server import FakeSmtpServer

Make = Callable[..., Parcel]
WITHOUT_PIPELINING = ("SIZE 10485760",)


def answer_in_sight(transport: InterleavingTransport) -> bool:
    return bool(select.select([transport.fileno()], [], [], 5)[0])


@pytest.mark.parametrize(
    "options", [pytest.param({}, id="pipelined"), pytest.param({"extensions": WITHOUT_PIPELINING}, id="in steps")]
)
def test_each_mail_is_handed_over_before_its_answer_is_waited_for(
    options: dict[str, Any], parcel: Make, account: Callable[..., Any]
) -> None:
    with FakeSmtpServer(**options) as server:
        transport = SmtpKind().open(account(server))
        turns = []
        for outcome in transport.interleave(parcel(key) for key in range(3)):
            if outcome is None:
                assert answer_in_sight(transport)
            turns.append(outcome and (outcome.key, outcome.status))
        transport.close()
    assert turns == [None, (0, Status.SENT), None, (1, Status.SENT), None, (2, Status.SENT)]
    assert transport.fileno() == -1


def test_two_connections_take_turns_on_one_thread(parcel: Make, account: Callable[..., Any]) -> None:
    with FakeSmtpServer() as server:
        transports = [SmtpKind().open(account(server)) for _ in range(2)]
        streams = [
            transport.interleave([parcel(key), parcel(key + 10)]) for key, transport in enumerate(transports, start=1)
        ]
        done = [next(stream) for _ in range(4) for stream in streams]
        assert [next(stream, "over") for stream in streams] == ["over", "over"]
        for transport in transports:
            transport.close()
    assert [outcome and outcome.key for outcome in done] == [None, None, 1, 2, None, None, 11, 12]
    assert len(server.mails) == 4


def test_what_lies_decrypted_is_not_waited_for(
    parcel: Make, account: Callable[..., Any], certificate: CertificateFiles
) -> None:
    """The socket under TLS may be silent while the answer is here already: then there must be no turn for others."""
    with FakeSmtpServer(certificate=certificate, implicit_tls=True) as server:
        settings = {"security": "tls", "ca_file": str(certificate.authority)}
        transport = SmtpKind().open(account(server, **settings))
        for outcome in transport.interleave(parcel(key) for key in range(20)):
            assert outcome is not None or answer_in_sight(transport)
        transport.close()
    assert len(server.mails) == 20
