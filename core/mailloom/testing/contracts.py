"""What every transport must keep, as tests: a kind's own tests inherit them and say how its server is set up.

    class TestSmtp(TransportContract):
        @pytest.fixture
        def bench(self):
            with FakeSmtpServer(recipients={self.refused: …, self.later: …}) as server:
                yield Bench(kind=SmtpKind(), account=account_for(server), arrived=lambda: [mail.data for mail in server.mails])

The bench's server must take every address but two: `refused` it refuses for good, `later` for now.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from mailloom.api.accounts import Account, OutgoingSettings
from mailloom.api.sending import Outcome, Parcel, Status, TransportKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """A kind, an account on a server that works, and what the server took so far (raw mails, in order of arrival)."""

    kind: TransportKind
    account: Account[Any]
    arrived: Callable[[], Sequence[bytes]]


def parcel(key: int, *recipients: str, text: str = "Hello") -> Parcel:
    """A short mail as the queue hands it over: head and body apart."""
    head = f"X-Key: {key}\r\n".encode()
    body = f"From: ann@example.org\r\nTo: bob@example.com\r\nSubject: Hello\r\n\r\n{text}\r\n.\r\n.. end\r\n".encode()
    return Parcel(key=key, sender="ann@example.org", recipients=recipients, head=head, body=body)


class TransportContract:
    """Inherit and give a `bench` fixture."""

    refused = "refused@example.com"
    later = "later@example.com"

    def deliver(self, bench: Bench, *parcels: Parcel) -> list[Outcome]:
        """All outcomes over a connection of its own."""
        transport = bench.kind.open(bench.account)
        try:
            return list(transport.deliver(parcels))
        finally:
            transport.close()

    def test_the_kind_says_what_it_is(self, bench: Bench) -> None:
        assert bench.kind.name
        assert bench.kind.title
        assert issubclass(bench.kind.settings, OutgoingSettings)
        assert all(field.description for field in bench.kind.settings.model_fields.values())

    def test_every_recipient_gets_one_outcome(self, bench: Bench) -> None:
        outcomes = self.deliver(bench, *(parcel(key, f"u{key}@example.com") for key in range(1, 8)))
        assert [(outcome.key, outcome.recipient) for outcome in outcomes] == [
            (key, f"u{key}@example.com") for key in range(1, 8)
        ]
        assert {outcome.status for outcome in outcomes} <= {Status.SENT, Status.QUEUED}
        assert all(outcome.reply.text for outcome in outcomes if outcome.reply.code is not None)

    def test_what_was_written_arrives_byte_by_byte(self, bench: Bench) -> None:
        self.deliver(bench, parcel(1, "bob@example.com"))
        [raw] = bench.arrived()
        sent = parcel(1, "bob@example.com")
        assert raw.replace(b"\r\n", b"\n").endswith((sent.head + sent.body).replace(b"\r\n", b"\n"))

    def test_a_refusal_is_a_value_and_the_next_mails_go_on(self, bench: Bench) -> None:
        outcomes = self.deliver(
            bench,
            parcel(1, self.refused),
            parcel(2, "bob@example.com"),
            parcel(3, self.later),
            parcel(4, "cat@example.com"),
        )
        status = {outcome.key: outcome.status for outcome in outcomes}
        assert status[1] is Status.REJECTED
        assert status[3] is Status.DEFERRED
        assert {status[2], status[4]} <= {Status.SENT, Status.QUEUED}
        assert not any(outcome.connection_fault for outcome in outcomes)
        assert len(bench.arrived()) == 2

    def test_the_servers_words_are_kept_in_full(self, bench: Bench) -> None:
        [outcome] = self.deliver(bench, parcel(1, self.refused))
        assert outcome.reply.code is not None
        assert str(outcome.reply.code) in outcome.reply.text

    def test_parcels_are_taken_only_when_they_are_about_to_be_written(self, bench: Bench) -> None:
        taken: list[int] = []

        def stream() -> Iterator[Parcel]:
            for key in range(1, 51):
                taken.append(key)
                yield parcel(key, f"u{key}@example.com")

        transport = bench.kind.open(bench.account)
        try:
            outcomes = transport.deliver(stream())
            first = next(iter(outcomes))
            assert first.key == 1
            # One may ride ahead with the body of the last; a transport that collected them all would break throttles.
            assert len(taken) <= 3
            for _ in outcomes:
                pass
        finally:
            transport.close()

    def test_a_connection_serves_several_streams_one_after_the_other(self, bench: Bench) -> None:
        transport = bench.kind.open(bench.account)
        try:
            for key in (1, 2, 3):
                [outcome] = transport.deliver([parcel(key, f"u{key}@example.com")])
                assert outcome.key == key
            assert list(transport.deliver([])) == []
        finally:
            transport.close()
        assert len(bench.arrived()) == 3

    def test_closing_twice_does_no_harm(self, bench: Bench) -> None:
        transport = bench.kind.open(bench.account)
        transport.close()
        transport.close()

    def test_a_test_of_the_connection_passes_step_by_step(self, bench: Bench) -> None:
        steps = list(bench.kind.probe(bench.account))
        assert steps
        assert all(step.passed and step.name and step.seconds >= 0 for step in steps)
