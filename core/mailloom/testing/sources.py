"""A mailbox in memory as a source of mail, and the contract that every kind of source must keep.

`MemoryKind` is registered like any kind; what `deliver` puts into its mailbox is fetched as if from a server, and faults can be planned.
`SourceContract` is inherited by the tests of a kind: give it a fixture `mailbox` that returns a `MailboxUnderTest`.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, Protocol

from mailloom.api import Account, AfterFetch, Cursor, Fetched, IncomingSettings, Source, Step

FOLDER = "INBOX"


class MemoryMailbox:
    """What lies on the pretended server. Numbers grow and are never used again; `faults` are raised, the first first, by the next calls."""

    def __init__(self) -> None:
        self.messages: dict[int, bytes] = {}
        self.seen: set[int] = set()
        self.moved: dict[int, bytes] = {}
        self.faults: list[Exception] = []
        self.connections = 0
        self._next = 1
        self._news = threading.Condition()

    def deliver(self, raw: bytes) -> int:
        with self._news:
            number, self._next = self._next, self._next + 1
            self.messages[number] = raw
            self._news.notify_all()
        return number

    def wait_beyond(self, number: int, seconds: float) -> bool:
        """Whether a message after `number` is there, at the latest after so many seconds."""
        with self._news:
            return self._news.wait_for(lambda: max(self.messages, default=0) > number, seconds)

    def stumble(self) -> None:
        """Raise the next planned fault, if any."""
        if self.faults:
            raise self.faults.pop(0)


class MemorySource:
    """One pretended connection."""

    def __init__(self, mailbox: MemoryMailbox, after_fetch: AfterFetch) -> None:
        self._mailbox = mailbox
        self._after_fetch = after_fetch
        self._read_to = 0
        mailbox.connections += 1

    def fetch(self, since: Mapping[str, Cursor], limit: int) -> Iterator[Fetched]:
        self._mailbox.stumble()
        after = int(since[FOLDER].text) if FOLDER in since else 0
        for number in islice(sorted(number for number in self._mailbox.messages if number > after), limit):
            raw = self._mailbox.messages.get(number)
            if raw is not None:
                self._read_to = max(self._read_to, number)
                cursor = Cursor(folder=FOLDER, text=str(number))
                yield Fetched(cursor=cursor, position=cursor, raw=raw)

    def done(self, cursors: Sequence[Cursor]) -> None:
        self._mailbox.stumble()
        for number in (int(cursor.text) for cursor in cursors):
            if self._after_fetch is AfterFetch.SEEN:
                self._mailbox.seen.add(number)
            elif self._after_fetch is not AfterFetch.KEEP:
                raw = self._mailbox.messages.pop(number, None)
                if raw is not None and self._after_fetch is AfterFetch.MOVE:
                    self._mailbox.moved[number] = raw

    def wait(self, seconds: float) -> bool:
        self._mailbox.stumble()
        return self._mailbox.wait_beyond(self._read_to, seconds)

    def close(self) -> None:
        self._mailbox.connections = max(0, self._mailbox.connections - 1)


class MemoryKind:
    """The kind of account `memory`: all its accounts share one mailbox."""

    name = "memory"
    title = "Mailbox in memory"
    settings: type[Any] = IncomingSettings

    def __init__(self, mailbox: MemoryMailbox | None = None) -> None:
        self.mailbox = mailbox or MemoryMailbox()

    def open(self, account: Account[Any]) -> Source:
        self.mailbox.stumble()
        return MemorySource(self.mailbox, account.settings.after_fetch)

    def probe(self, account: Account[Any]) -> Iterator[Step]:
        yield Step(name="mailbox", passed=True, seconds=0.0, detail=f"{len(self.mailbox.messages)} messages")


class MailboxUnderTest(Protocol):
    """An empty mailbox of the kind under test, of which each test gets its own."""

    def deliver(self, raw: bytes) -> None:
        """Put a message (CRLF line ends) into it, as another program would."""
        ...

    def open(self, after_fetch: AfterFetch = AfterFetch.KEEP) -> Source: ...

    def remaining(self) -> int:
        """How many messages lie in it now, as another program sees it."""
        ...


def numbered(number: int, body: bytes = b"text\r\n") -> bytes:
    """A small mail that names its number."""
    return b"Subject: number %d\r\nFrom: ann@example.org\r\nMessage-ID: <%d@example.org>\r\n\r\n%s" % (
        number,
        number,
        body,
    )


def _positions(fetched: Sequence[Fetched]) -> dict[str, Cursor]:
    return {one.position.folder: one.position for one in fetched}


ODD_BODIES = {
    "dots": b".\r\n..\r\n.x\r\n\r\n.\r\n",
    "eight-bit": b"gr\xfc\xdfe \xff\xfe\r\n",
    "looks like an answer": b"* 1 FETCH (UID 1 BODY[] {3}\r\nabc)\r\nM1 OK done\r\n+OK\r\n-ERR\r\n",
    "long line": b"x" * 200_000 + b"\r\n",
    "braces": b'{10}\r\n)\r\n\\"\r\n',
    "nothing": b"",
}


class SourceContract:
    """What every source must do. Tests only see the mailbox through `MailboxUnderTest`."""

    def test_an_empty_mailbox_gives_nothing(self, mailbox: MailboxUnderTest) -> None:
        source = mailbox.open()
        assert list(source.fetch({}, 10)) == []
        source.close()

    def test_messages_come_oldest_first_with_the_bytes_that_lay_there(self, mailbox: MailboxUnderTest) -> None:
        for number in range(3):
            mailbox.deliver(numbered(number))
        source = mailbox.open()
        assert [one.raw for one in source.fetch({}, 10)] == [numbered(number) for number in range(3)]
        source.close()

    def test_odd_bodies_come_as_they_are(self, mailbox: MailboxUnderTest) -> None:
        sent = [numbered(at, body) for at, body in enumerate(ODD_BODIES.values())]
        for raw in sent:
            mailbox.deliver(raw)
        source = mailbox.open()
        assert [one.raw for one in source.fetch({}, 50)] == sent
        source.close()

    def test_the_limit_holds_and_the_next_fetch_goes_on_there(self, mailbox: MailboxUnderTest) -> None:
        for number in range(7):
            mailbox.deliver(numbered(number))
        seen: list[bytes] = []
        since: dict[str, Cursor] = {}
        for expected in (3, 3, 1, 0):
            source = mailbox.open()
            fetched = list(source.fetch(since, 3))
            source.close()
            assert len(fetched) == expected
            seen += [one.raw for one in fetched]
            since |= _positions(fetched)
        assert seen == [numbered(number) for number in range(7)]

    def test_what_was_not_committed_comes_again(self, mailbox: MailboxUnderTest) -> None:
        for number in range(4):
            mailbox.deliver(numbered(number))
        source = mailbox.open()
        first = list(source.fetch({}, 10))
        source.close()
        source = mailbox.open()
        again = list(source.fetch(_positions(first[:2]), 10))
        source.close()
        assert [one.raw for one in again] == [numbered(2), numbered(3)]

    def test_later_mail_is_found_by_a_later_look(self, mailbox: MailboxUnderTest) -> None:
        mailbox.deliver(numbered(1))
        source = mailbox.open()
        first = list(source.fetch({}, 10))
        source.close()
        mailbox.deliver(numbered(2))
        source = mailbox.open()
        assert [one.raw for one in source.fetch(_positions(first), 10)] == [numbered(2)]
        source.close()

    def test_done_in_the_middle_of_a_fetch_disturbs_nothing(self, mailbox: MailboxUnderTest) -> None:
        count = 60
        for number in range(count):
            mailbox.deliver(numbered(number, b"line\r\n" * 500))
        source = mailbox.open(AfterFetch.DELETE)
        got: list[bytes] = []
        for one in source.fetch({}, count):
            got.append(one.raw)
            if len(got) % 7 == 0:
                source.done([one.cursor])
        source.close()
        assert got == [numbered(number, b"line\r\n" * 500) for number in range(count)]
        assert mailbox.remaining() == count - count // 7

    def test_deleting_takes_only_what_is_done(self, mailbox: MailboxUnderTest) -> None:
        for number in range(5):
            mailbox.deliver(numbered(number))
        source = mailbox.open(AfterFetch.DELETE)
        fetched = list(source.fetch({}, 10))
        source.done([fetched[0].cursor, fetched[3].cursor])
        source.done([fetched[3].cursor])
        source.close()
        assert mailbox.remaining() == 3

    def test_keeping_leaves_all_there(self, mailbox: MailboxUnderTest) -> None:
        mailbox.deliver(numbered(1))
        source = mailbox.open(AfterFetch.KEEP)
        source.done([one.cursor for one in source.fetch({}, 10)])
        source.close()
        assert mailbox.remaining() == 1

    def test_a_fetch_left_half_way_does_not_spoil_the_next(self, mailbox: MailboxUnderTest) -> None:
        for number in range(30):
            mailbox.deliver(numbered(number))
        source = mailbox.open()
        half = list(islice(source.fetch({}, 30), 5))
        rest = list(source.fetch(_positions(half), 30))
        source.close()
        assert [one.raw for one in half + rest] == [numbered(number) for number in range(30)]

    def test_two_sources_of_one_mailbox_get_the_same(self, mailbox: MailboxUnderTest) -> None:
        mailbox.deliver(numbered(1))
        looks = []
        for _ in range(2):
            source = mailbox.open()
            looks.append([one.raw for one in source.fetch({}, 10)])
            source.close()
        assert looks[0] == looks[1] == [numbered(1)]

    def test_waiting_ends_when_nothing_comes(self, mailbox: MailboxUnderTest) -> None:
        source = mailbox.open()
        list(source.fetch({}, 10))
        assert source.wait(0.1) is False
        source.close()

    def test_close_may_be_said_twice(self, mailbox: MailboxUnderTest) -> None:
        source = mailbox.open()
        source.close()
        source.close()
