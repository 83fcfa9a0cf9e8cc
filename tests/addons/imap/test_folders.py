"""Folders on a real Dovecot: positions, what happens after fetching, waiting, names, dates, sizes. `mailbox` is a DovecotMailbox of conftest."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import ValidationError
from structlog.testing import capture_logs

from mailloom.addons.imap import ImapSettings, download
from mailloom.api import AfterFetch, Cursor, Fetched
from mailloom.errors import ConfigurationError
from mailloom.testing.sources import numbered

pytestmark = pytest.mark.dovecot


def subjects(fetched: Sequence[Fetched]) -> list[str]:
    return [one.raw.split(b"\r\n", 1)[0].decode().removeprefix("Subject: number ") for one in fetched]


def positions(fetched: Sequence[Fetched]) -> dict[str, Cursor]:
    return {one.position.folder: one.position for one in fetched}


def test_fetching_leaves_no_trace_until_done(mailbox: Any) -> None:
    mailbox.deliver(numbered(1))
    source = mailbox.open(AfterFetch.SEEN)
    list(source.fetch({}, 10))
    source.close()
    assert mailbox.flags() == {1: set()}


def test_done_marks_as_seen_what_it_names(mailbox: Any) -> None:
    mailbox.deliver(numbered(1))
    mailbox.deliver(numbered(2))
    source = mailbox.open(AfterFetch.SEEN)
    fetched = list(source.fetch({}, 10))
    source.done([fetched[1].cursor])
    source.close()
    assert mailbox.flags() == {1: set(), 2: {rb"\Seen"}}


def test_deleting_does_not_remove_what_others_marked(mailbox: Any) -> None:
    for number in (1, 2, 3):
        mailbox.deliver(numbered(number))
    source = mailbox.open(AfterFetch.DELETE)
    fetched = list(source.fetch({}, 10))
    mailbox.other.add_flags([1], [rb"\Deleted"])
    source.done([fetched[1].cursor])
    source.close()
    assert mailbox.flags() == {1: {rb"\Deleted"}, 3: set()}


def test_moving_makes_the_folder_when_it_is_missing(mailbox: Any) -> None:
    mailbox.deliver(numbered(1))
    mailbox.deliver(numbered(2))
    source = mailbox.open(AfterFetch.MOVE, move_to="Geprüft & fertig")
    for one in list(source.fetch({}, 10)):
        source.done([one.cursor])
    source.close()
    assert mailbox.flags() == {}
    assert len(mailbox.flags("Geprüft & fertig")) == 2


def test_cursors_of_a_former_life_of_the_folder_touch_nothing(mailbox: Any) -> None:
    mailbox.other.create_folder("Queue")
    mailbox.deliver(numbered(1), "Queue")
    source = mailbox.open(AfterFetch.DELETE, folders=["Queue"])
    (old,) = source.fetch({}, 10)
    source.close()
    mailbox.other.delete_folder("Queue")
    time.sleep(1.1)  # Dovecot takes UIDVALIDITY from the clock
    mailbox.other.create_folder("Queue")
    mailbox.deliver(numbered(2), "Queue")
    source = mailbox.open(AfterFetch.DELETE, folders=["Queue"])
    with capture_logs() as logs:
        again = list(source.fetch(positions([old]), 10))
    source.done([old.cursor])
    source.close()
    assert subjects(again) == ["2"]
    assert [entry["event"] for entry in logs] == ["folder was made anew, read from its start"]
    assert len(mailbox.flags("Queue")) == 1


def test_each_folder_has_its_position_and_its_share_of_the_limit(mailbox: Any) -> None:
    mailbox.other.create_folder("Zwei.Überfällig")
    for number in range(10):
        mailbox.deliver(numbered(number))
    mailbox.deliver(numbered(90), "Zwei.Überfällig")
    folders = {"folders": ["INBOX", "Zwei.Überfällig"]}
    source = mailbox.open(**folders)
    first = list(source.fetch({}, 4))
    rest = list(source.fetch(positions(first), 100))
    source.close()
    assert [(one.cursor.folder, *subjects([one])) for one in first] == [
        ("INBOX", "0"),
        ("INBOX", "1"),
        ("Zwei.Überfällig", "90"),
    ]
    assert subjects(rest) == [str(number) for number in range(2, 10)]


def test_a_missing_folder_does_not_stop_the_others(mailbox: Any) -> None:
    mailbox.deliver(numbered(1))
    source = mailbox.open(folders=["Gone", "INBOX"])
    fetched: list[Fetched] = []
    with pytest.raises(ConfigurationError, match="'Gone'"):
        fetched.extend(source.fetch({}, 10))
    source.close()
    assert subjects(fetched) == ["1"]


def test_done_for_another_folder_in_the_middle_of_a_fetch(mailbox: Any) -> None:
    mailbox.other.create_folder("Second")
    for number in range(3):
        mailbox.deliver(numbered(number))
        mailbox.deliver(numbered(10 + number), "Second")
    source = mailbox.open(AfterFetch.DELETE, folders=["INBOX", "Second"])
    got = []
    for one in source.fetch({}, 100):
        got.append(one)
        if one.cursor.folder == "Second":
            source.done([other.cursor for other in got])
    source.close()
    assert subjects(got) == ["0", "1", "2", "10", "11", "12"]
    assert mailbox.flags() == {}
    assert mailbox.flags("Second") == {}


def test_since_holds_for_what_was_there_at_the_first_look_only(mailbox: Any) -> None:
    old, new = datetime(2020, 5, 1, tzinfo=UTC), datetime(2026, 5, 1, tzinfo=UTC)
    for number, moment in enumerate([old, new, old, new, new]):
        mailbox.other.append("INBOX", numbered(number), msg_time=moment)
    source = mailbox.open(since="2026-01-01")
    first = list(source.fetch({}, 2))
    mailbox.other.append("INBOX", numbered(5), msg_time=old)
    rest = list(source.fetch(positions(first), 10))
    source.close()
    assert subjects(first) == ["1", "3"]
    assert subjects(rest) == ["4", "5"]


def test_messages_marked_as_deleted_are_passed_over(mailbox: Any) -> None:
    mailbox.deliver(numbered(1))
    mailbox.deliver(numbered(2))
    mailbox.other.add_flags([1], [rb"\Deleted"])
    source = mailbox.open()
    assert subjects(list(source.fetch({}, 10))) == ["2"]
    source.close()


def test_a_message_that_is_too_large_stays_with_a_warning(mailbox: Any) -> None:
    for number, body in ((1, b"x\r\n"), (2, b"y" * 5000 + b"\r\n"), (3, b"z\r\n")):
        mailbox.deliver(numbered(number, body))
    source = mailbox.open(AfterFetch.DELETE, max_message_bytes=2048)
    with capture_logs() as logs:
        fetched = list(source.fetch({}, 2))
    source.done([one.cursor for one in fetched])
    source.close()
    assert subjects(fetched) == ["1", "3"]
    assert [(entry["event"], entry["uid"]) for entry in logs] == [("message too large, left on the server", 2)]
    assert set(mailbox.flags()) == {2}


def test_messages_deleted_while_being_fetched_are_left_out(mailbox: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(download, "GROUP_MESSAGES", 2)
    for number in range(8):
        mailbox.deliver(numbered(number))
    source = mailbox.open()
    got = []
    for one in source.fetch({}, 10):
        got.append(one)
        if len(got) == 1:
            mailbox.other.delete_messages([6, 7])
            mailbox.other.expunge()
    source.close()
    assert {"0", "1", "2", "3", "4", "7"} <= set(subjects(got))
    assert subjects(got) == sorted(subjects(got))


def test_mail_wakes_a_waiting_source(mailbox: Any) -> None:
    source = mailbox.open()
    list(source.fetch({}, 10))
    timer = threading.Timer(0.2, mailbox.deliver, [numbered(1)])
    timer.start()
    started = time.monotonic()
    assert source.wait(30) is True
    assert time.monotonic() - started < 10
    assert subjects(list(source.fetch({}, 10))) == ["1"]
    source.close()
    timer.join()


def test_mail_that_came_between_fetching_and_waiting_is_not_slept_over(mailbox: Any) -> None:
    mailbox.other.create_folder("Second")
    mailbox.deliver(numbered(1))
    mailbox.deliver(numbered(10), "Second")
    source = mailbox.open(AfterFetch.SEEN, folders=["INBOX", "Second"])
    # The fetch ends in the second folder; the first is opened anew for the wait, which announces nothing.
    fetched = list(source.fetch({}, 10))
    mailbox.deliver(numbered(2))
    assert source.wait(20) is True
    fetched += source.fetch(positions(fetched), 10)
    mailbox.deliver(numbered(11), "Second")
    assert source.wait(20) is True
    fetched += source.fetch(positions(fetched), 10)
    source.close()
    assert subjects(fetched) == ["1", "10", "2", "11"]


def test_what_we_do_ourselves_is_no_news(mailbox: Any) -> None:
    for number in range(3):
        mailbox.deliver(numbered(number))
    source = mailbox.open(AfterFetch.DELETE)
    fetched = list(source.fetch({}, 10))
    source.done([fetched[0].cursor])
    assert source.wait(0.3) is False
    assert source.wait(0.3) is False
    source.close()


def test_a_folder_may_not_be_its_own_archive() -> None:
    with pytest.raises(ValidationError, match="a folder that is read itself"):
        ImapSettings(folders=["INBOX", "Archive"], after_fetch=AfterFetch.MOVE)


@pytest.mark.parametrize("name", ["", "a\r\nb", "x" * 201])
def test_impossible_folder_names_are_refused(name: str) -> None:
    with pytest.raises(ValidationError):
        ImapSettings(folders=[name])
