"""Connections that share a thread: who is served while a server thinks, and what becomes of one that keeps the others waiting."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections import deque

import pytest

from mailloom.api.sending import Outcome, Parcel, Reply, Status
from mailloom.errors import TemporaryFailure
from mailloom.flow.connection import Connection
from mailloom.flow.crew import Crew, Ended, Over, start
from mailloom.flow.letters import Consignment
from mailloom.store.claim import Claimed

ANSWER = b"+"
BREAK = b"!"


class ScriptedTransport:
    """Hands a mail over as one byte on a socket, and waits for one byte in answer."""

    def __init__(self, near: socket.socket) -> None:
        self.near = near
        self.near.settimeout(10)

    def interleave(self, parcels):
        for parcel in parcels:
            self.near.send(b".")
            yield None
            if self.near.recv(1) != ANSWER:
                raise TemporaryFailure("The server closed the connection.")
            yield outcome(parcel)

    def deliver(self, parcels):
        return (each for each in self.interleave(parcels) if each is not None)

    def fileno(self):
        return self.near.fileno()

    def close(self):
        self.near.close()


class SimpleTransport:
    """Takes every mail at once, and knows nothing of turns."""

    def deliver(self, parcels):
        for parcel in parcels:
            yield outcome(parcel)

    def close(self):
        pass


def outcome(parcel):
    reply = Reply(code=250, text="250 Ok")
    return Outcome(key=parcel.key, recipient=parcel.recipients[0], status=Status.SENT, reply=reply)


def consignment(number):
    claimed = Claimed(
        id=number,
        message_id=1,
        address="bob@example.com",
        key="bob@example.com",
        contact_id=None,
        purpose="notification",
        topic="",
        priority=3,
        envelope_from="ann@example.org",
        head=None,
        raw_digest=None,
        attempts=0,
        attempt="pass",
    )
    return Consignment(claimed, "digest", None)


class Desk:
    """A pass that grants what it was given, one group after the other, and then ends."""

    def __init__(self, *groups):
        self.groups = deque(groups)
        self.answers, self.returns = [], []
        self.connections_ended, self.crews, self.threads = [], [], set()
        self.done = threading.Event()
        self.expected = 1

    def want(self, crew, count):
        crew.grants.put(self.groups.popleft() if self.groups else None)

    def group_size(self, rate, connections):
        return 10

    def parcel(self, consignment):
        self.threads.add(threading.get_ident())
        number = consignment.claimed.id
        return Parcel(key=number, sender="ann@example.org", recipients=("bob@example.com",), head=b"", body=b"x\r\n")

    def sign(self, envelope, message):
        return b""

    def answered(self, event):
        self.answers.append((event.consignment.claimed.id, event.outcome.status))

    def returned(self, event):
        self.returns.append(event.consignment.claimed.id)

    def ended(self, event):
        if isinstance(event, Over):
            self.crews.append(event.crew)
        if isinstance(event, Ended):
            self.connections_ended.append(event.connection)
            if len(self.connections_ended) == self.expected:
                self.done.set()


class Kind:
    """Opens the transports that it was given, in turn."""

    name = "scripted"

    def __init__(self, *transports):
        self.transports = deque(transports)

    def open(self, account):
        return self.transports.popleft()


class Account:
    name = "scripted"
    kind = "scripted"
    id = 1


class Server:
    """The far end of several connections."""

    def __init__(self, count):
        pairs = [socket.socketpair() for _ in range(count)]
        self.near = [near for near, _ in pairs]
        self.far = [far for _, far in pairs]
        for far in self.far:
            far.settimeout(10)

    def asked(self, number):
        """Wait until a mail came on this connection."""
        assert self.far[number].recv(1) == b"."

    def say(self, number, answer=ANSWER):
        self.far[number].send(answer)

    def answer_all(self, number, after_seconds=0.0):
        """Take what comes on one connection until it ends."""

        def run():
            with contextlib.suppress(OSError):  # the near end was closed with something unread
                while self.far[number].recv(1):
                    time.sleep(after_seconds)
                    self.say(number)

        threading.Thread(target=run, daemon=True).start()


@pytest.fixture
def server():
    server = Server(4)
    yield server
    for end in (*server.near, *server.far):
        end.close()


def crew_of(desk, *transports, limit=100):
    """A crew that serves an open connection for each transport, not started yet."""
    kind = Kind(*transports)
    connections = [Connection(desk, kind, Account(), limit, signed=False) for _ in transports]
    assert all(connection.open() for connection in connections)
    desk.expected = len(connections)
    crew = Crew(desk, connections[0])
    for connection in connections[1:]:
        assert crew.take_in(connection)
    return crew, connections


def in_a_thread(crew):
    thread = threading.Thread(target=crew.run, daemon=True)
    thread.start()
    return thread


def test_the_next_connection_is_served_while_a_server_thinks(server):
    desk = Desk([consignment(1), consignment(2)])
    crew, _ = crew_of(desk, *map(ScriptedTransport, server.near[:2]))
    thread = in_a_thread(crew)
    server.asked(0)
    server.asked(1)  # before the first server said anything
    assert len(desk.threads) == 1
    server.say(1)
    server.say(0)
    assert desk.done.wait(10)
    thread.join(10)
    assert sorted(desk.answers) == [(1, Status.SENT), (2, Status.SENT)]
    assert (desk.returns, desk.crews) == ([], [crew])


def test_a_server_that_does_not_answer_is_waited_for_on_a_thread_of_its_own(server):
    desk = Desk([consignment(number) for number in range(1, 8)])
    crew, _ = crew_of(desk, *map(ScriptedTransport, server.near[:2]))
    in_a_thread(crew)
    server.asked(0)
    server.answer_all(1, after_seconds=0.04)
    deadline = time.monotonic() + 10
    while len(desk.answers) < 6 and time.monotonic() < deadline:
        time.sleep(0.01)
    assert {number for number, _ in desk.answers} == {2, 3, 4, 5, 6, 7}
    server.say(0)
    assert desk.done.wait(10)
    assert (1, Status.SENT) in desk.answers
    assert len(desk.crews) == 2


def test_a_broken_connection_leaves_the_deliveries_of_the_other_alone(server):
    desk = Desk([consignment(1), consignment(2), consignment(3)])
    crew, (broken, whole) = crew_of(desk, *map(ScriptedTransport, server.near[:2]))
    in_a_thread(crew)
    server.asked(0)
    server.asked(1)
    server.say(0, BREAK)
    server.answer_all(1)
    server.say(1)
    assert desk.done.wait(10)
    assert dict(desk.answers) == {1: Status.UNCERTAIN, 2: Status.SENT, 3: Status.SENT}
    assert "closed the connection" in str(broken.error)
    assert whole.error is None


def test_what_no_connection_took_goes_back_when_the_last_one_broke(server):
    desk = Desk([consignment(1), consignment(2), consignment(3), consignment(4)])
    crew, _ = crew_of(desk, *map(ScriptedTransport, server.near[:2]))
    in_a_thread(crew)
    for number in (0, 1):
        server.asked(number)
        server.say(number, BREAK)
    assert desk.done.wait(10)
    granted_late = [each.claimed.id for each in crew.leftovers()]
    assert [status for _, status in desk.answers] == [Status.UNCERTAIN, Status.UNCERTAIN]
    assert sorted([number for number, _ in desk.answers] + desk.returns + granted_late) == [1, 2, 3, 4]


def test_a_transport_that_knows_no_turns_has_a_thread_to_itself(server):
    desk = Desk([consignment(1)])
    crew, _ = crew_of(desk, ScriptedTransport(server.near[0]))
    simple = Connection(desk, Kind(SimpleTransport()), Account(), 100, signed=False)
    assert simple.open()
    assert not crew.take_in(simple)


def test_a_connection_that_opens_too_late_for_its_crew_goes_on_by_itself(server):
    desk = Desk()
    crew, _ = crew_of(desk, ScriptedTransport(server.near[0]))
    crew.run()
    desk.done.clear()
    desk.groups.append([consignment(1)])
    desk.expected = 2
    server.answer_all(1)
    late = Connection(desk, Kind(ScriptedTransport(server.near[1])), Account(), 100, signed=False)
    start(desk, late, beside=crew)
    assert desk.done.wait(10)
    assert desk.answers == [(1, Status.SENT)]


def test_a_connection_that_carried_its_share_is_replaced_without_stopping_the_other(server):
    desk = Desk([consignment(number) for number in range(1, 6)])
    kind = Kind(*map(ScriptedTransport, server.near))
    connections = [Connection(desk, kind, Account(), 2, signed=False) for _ in range(2)]
    assert all(connection.open() for connection in connections)
    desk.expected = 2
    crew = Crew(desk, connections[0])
    assert crew.take_in(connections[1])
    for number in range(4):
        server.answer_all(number)
    in_a_thread(crew)
    assert desk.done.wait(10)
    assert sorted(number for number, _ in desk.answers) + desk.returns == [1, 2, 3, 4, 5]
    assert len(kind.transports) < 2


@pytest.mark.parametrize(
    ("number", "states"),
    [
        pytest.param(-1, {1: Status.SENT, 2: Status.SENT}, id="no socket: it is simply waited for"),
        pytest.param(None, {1: Status.UNCERTAIN, 2: Status.UNCERTAIN}, id="no number at all: the transport is broken"),
    ],
)
def test_a_transport_without_a_socket_loses_nothing(server, number, states):
    class Blind(ScriptedTransport):
        def fileno(self):
            return number

    desk = Desk([consignment(1), consignment(2)])
    crew, _ = crew_of(desk, *map(Blind, server.near[:2]))
    server.answer_all(0)
    server.answer_all(1)
    in_a_thread(crew)
    assert desk.done.wait(10)
    assert dict(desk.answers) == states
    assert desk.crews == [crew]
