"""The listener as clients meet it: over sockets, with a database behind it. `listening` is conftest's."""

from __future__ import annotations

import smtplib
import socket
import ssl
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError
from sqlalchemy.exc import OperationalError

from mailloom.addons.listener import ListenerSettings
from mailloom.api import Severity
from mailloom.api.receiving import Mailing
from mailloom.errors import ConfigurationError
from mailloom.testing.certificates import make_certificate

MAIL = b"Subject: one\r\nMessage-ID: <1@example.com>\r\n\r\n.text\r\n"


class Dialogue:
    """A client that says exactly what it is told."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=10)
        self.reading = self.socket.makefile("rb")

    def say(self, octets: bytes) -> None:
        self.socket.sendall(octets)

    def reply(self) -> str:
        """The last line of the next reply; '' when the connection has ended."""
        while (line := self.reading.readline()) and line[3:4] == b"-":
            pass
        return line.decode().strip()

    def close(self) -> None:
        self.reading.close()
        self.socket.close()


def test_what_was_answered_with_250_is_stored_with_its_envelope(listening: Any) -> None:
    running = listening()
    client = running.smtp()
    assert client.sendmail("ann@example.com", ["support@example.org", "sales@example.org"], MAIL) == {}
    client.quit()
    [(sender, recipients, raw)] = running.arrivals()
    assert (sender, recipients) == ("ann@example.com", ["support@example.org", "sales@example.org"])
    assert raw.endswith(MAIL)
    assert raw.startswith(b"Received: from ")
    assert b"with ESMTP;" in raw.split(b"\r\nSubject")[0]


def test_unknown_recipients_are_refused_one_by_one(listening: Any) -> None:
    running = listening()
    client = running.lmtp()
    refused = client.sendmail("ann@example.com", ["support@example.org", "nobody@example.org"], MAIL)
    client.quit()
    assert {address: code for address, (code, _) in refused.items()} == {"nobody@example.org": 550}
    assert [recipients for _, recipients, _ in running.arrivals()] == [["support@example.org"]]


def test_a_recipient_that_was_unknown_is_asked_for_again(listening: Any) -> None:
    running = listening()
    client = running.smtp()
    with pytest.raises(smtplib.SMTPRecipientsRefused):
        client.sendmail("ann@example.com", ["new@example.org"], MAIL)
    running.known.add("new@example.org")
    client.sendmail("ann@example.com", ["new@example.org"], MAIL)
    client.sendmail("ann@example.com", ["new@example.org"], MAIL)
    client.quit()
    assert running.asked == ["new@example.org"] * 2


def test_recipients_need_not_be_checked(listening: Any) -> None:
    running = listening(check_recipients=False)
    client = running.smtp()
    assert client.sendmail("ann@example.com", [f"{number}@example.org" for number in range(90)], MAIL) == {}
    client.quit()
    assert running.asked == []


def test_many_clients_at_once_lose_nothing(listening: Any) -> None:
    running = listening()
    count, each = 12, 8
    commits: list[int] = []
    keep = running.app.keep_many

    def counted(mails: Sequence[Mailing]) -> Sequence[int]:
        commits.append(len(mails))
        time.sleep(0.01)
        ids: Sequence[int] = keep(mails)
        return ids

    running.app.keep_many = counted

    def send(number: int) -> None:
        client = running.smtp()
        for at in range(each):
            client.sendmail("ann@example.com", ["support@example.org"], b"Subject: %d-%d\r\n\r\nx\r\n" % (number, at))
        client.quit()

    threads = [threading.Thread(target=send, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    subjects = {raw.partition(b"Subject: ")[2].partition(b"\r\n")[0] for _, _, raw in running.arrivals()}
    assert subjects == {b"%d-%d" % (number, at) for number in range(count) for at in range(each)}
    assert sum(commits) == count * each
    assert max(commits) > 1, "mails that wait together are committed together"


def test_the_database_away_puts_mail_off_and_nothing_is_promised(listening: Any) -> None:
    running = listening()
    keep = running.app.keep_many

    def away(mails: Sequence[Mailing]) -> Sequence[int]:
        raise OperationalError("INSERT", {}, Exception("disk is full"))

    running.app.keep_many = away
    client = running.smtp()
    with pytest.raises(smtplib.SMTPDataError) as raised:
        client.sendmail("ann@example.com", ["support@example.org"], MAIL)
    assert raised.value.smtp_code == 451
    running.app.keep_many = keep
    client.sendmail("ann@example.com", ["support@example.org"], MAIL)
    client.quit()
    assert len(running.arrivals()) == 1


def test_one_mail_that_the_database_does_not_take_does_not_harm_the_others(listening: Any) -> None:
    running = listening()
    keep = running.app.keep_many
    started = threading.Event()

    def picky(mails: Sequence[Mailing]) -> Sequence[int]:
        if not started.is_set():
            started.set()
            time.sleep(0.3)  # the others gather into one group meanwhile
        if any(b"poison" in mail.raw for mail in mails):
            raise ValueError("cannot be stored")
        ids: Sequence[int] = keep(mails)
        return ids

    running.app.keep_many = picky
    codes: dict[str, int] = {}

    def send(word: str) -> None:
        client = running.smtp()
        client.ehlo()
        client.mail("ann@example.com")
        client.rcpt("support@example.org")
        codes[word] = client.data(f"Subject: {word}\r\n\r\nx\r\n")[0]
        client.quit()

    threads = [threading.Thread(target=send, args=(word,)) for word in ("first", "second", "poison", "third")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert codes == {"first": 250, "second": 250, "third": 250, "poison": 451}
    assert len(running.arrivals()) == 3


def test_a_look_up_that_fails_puts_the_recipient_off(listening: Any) -> None:
    running = listening()
    running.app.recipients_known = lambda addresses: 1 / 0
    client = running.smtp()
    client.ehlo()
    client.mail("ann@example.com")
    assert client.rcpt("support@example.org")[0] == 451
    client.quit()


def test_pipelined_commands_are_answered_in_order(listening: Any) -> None:
    running = listening()
    talk = Dialogue(running.port("smtp"))
    talk.reply()
    envelope = b"MAIL FROM:<a@example.com>\r\nRCPT TO:<support@example.org>\r\nRCPT TO:<no@example.org>\r\nDATA\r\n"
    talk.say(b"EHLO x\r\n" + envelope)
    assert [talk.reply()[:3] for _ in range(5)] == ["250", "250", "250", "550", "354"]
    # The next envelope rides with the body (RFC 2920).
    talk.say(MAIL + b".\r\n" + envelope)
    assert [talk.reply()[:3] for _ in range(5)] == ["250", "250", "250", "550", "354"]
    talk.say(MAIL + b".\r\nQUIT\r\n")
    assert [talk.reply()[:3] for _ in range(3)] == ["250", "221", ""]
    talk.close()
    assert len(running.arrivals()) == 2


def test_a_client_that_goes_away_harms_nobody(listening: Any) -> None:
    running = listening()
    for said in (b"", b"EHLO x\r\nMAIL FROM:<a@example.com>\r\nRCPT TO:<support@example.org>\r\nDATA\r\nhalf a mail"):
        talk = Dialogue(running.port("smtp"))
        talk.say(said)
        talk.close()
    client = running.smtp()
    client.sendmail("ann@example.com", ["support@example.org"], MAIL)
    client.quit()
    assert [raw[-len(MAIL) :] for _, _, raw in running.arrivals()] == [MAIL]


def test_silence_and_dripping_are_ended(listening: Any) -> None:
    running = listening(timeout_seconds=1)
    silent, dripping = Dialogue(running.port("smtp")), Dialogue(running.port("smtp"))
    dripping.say(b"EHLO x\r\nMAIL FROM:<a@example.com>\r\nRCPT TO:<support@example.org>\r\nDATA\r\n")
    for talk, replies in ((silent, 1), (dripping, 5)):
        for _ in range(replies):
            talk.reply()
    started = time.monotonic()
    while time.monotonic() - started < 8:
        try:
            dripping.say(b"x")
        except OSError:
            break
        time.sleep(0.2)
    assert time.monotonic() - started < 6
    assert silent.reply()[:3] == "421"
    silent.close()
    dripping.close()


def test_connections_are_limited_in_all_and_for_each_client(listening: Any) -> None:
    running = listening(max_connections_per_client=2)
    first, second = Dialogue(running.port("smtp")), Dialogue(running.port("smtp"))
    assert first.reply()[:3] == second.reply()[:3] == "220"
    third = Dialogue(running.port("smtp"))
    assert third.reply().startswith("421 4.7.0")
    assert third.reply() == ""
    first.say(b"QUIT\r\n")
    first.reply()
    assert first.reply() == ""
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        again = Dialogue(running.port("smtp"))
        reply = again.reply()
        again.close()
        if reply.startswith("220"):
            break
    assert reply.startswith("220")
    for talk in (first, second, third):
        talk.close()


def test_a_client_may_send_so_many_mails_a_minute(listening: Any) -> None:
    running = listening(messages_per_minute=2)
    client = running.smtp()
    for _ in range(2):
        client.sendmail("ann@example.com", ["support@example.org"], MAIL)
    with pytest.raises(smtplib.SMTPSenderRefused) as raised:
        client.sendmail("ann@example.com", ["support@example.org"], MAIL)
    assert raised.value.smtp_code == 451
    client.quit()


def test_strangers_are_turned_away(listening: Any) -> None:
    running = listening(clients=["192.0.2.0/24"])
    talk = Dialogue(running.port("smtp"))
    assert talk.reply().startswith("554")
    talk.close()


def test_starttls(listening: Any, tmp_path: Path) -> None:
    files = make_certificate(tmp_path)
    running = listening(certificate=str(files.certificate), certificate_key=str(files.key))
    client = smtplib.SMTP("localhost", running.port("smtp"), timeout=10)
    client.starttls(context=ssl.create_default_context(cafile=str(files.authority)))
    client.ehlo()
    assert not client.has_extn("starttls")
    client.sendmail("ann@example.com", ["support@example.org"], MAIL)
    client.quit()
    assert b"with ESMTPS;" in running.arrivals()[0][2]


def test_a_handshake_that_fails_ends_that_connection_only(listening: Any, tmp_path: Path) -> None:
    files = make_certificate(tmp_path)
    running = listening(certificate=str(files.certificate), certificate_key=str(files.key))
    talk = Dialogue(running.port("smtp"))
    talk.reply()
    talk.say(b"EHLO x\r\n")
    talk.reply()
    talk.say(b"STARTTLS\r\n")
    assert talk.reply()[:3] == "220"
    talk.say(b"not a handshake at all\r\n")
    talk.socket.settimeout(5)
    while talk.socket.recv(100):
        pass
    talk.close()
    client = running.smtp()
    client.sendmail("ann@example.com", ["support@example.org"], MAIL)
    client.quit()


def test_a_graceful_stop_lets_a_mail_end(listening: Any) -> None:
    running = listening()
    port = running.port("smtp")
    talk, idle = Dialogue(running.port("smtp")), Dialogue(running.port("smtp"))
    idle.reply()
    talk.say(b"EHLO x\r\nMAIL FROM:<a@example.com>\r\nRCPT TO:<support@example.org>\r\nDATA\r\n")
    for _ in range(5):
        talk.reply()
    stopping = threading.Thread(target=running.service.stop, args=(10,))
    stopping.start()
    assert idle.reply().startswith("421 4.3.2")
    talk.say(MAIL + b".\r\n")
    assert talk.reply().startswith("250")
    stopping.join(15)
    assert not stopping.is_alive()
    assert len(running.arrivals()) == 1
    assert not running.service.status().running
    talk.close()
    idle.close()
    with pytest.raises(OSError):
        socket.create_connection(("127.0.0.1", port), timeout=1)


def test_it_can_be_started_again(listening: Any) -> None:
    running = listening()
    running.service.stop(1)
    running.service.stop(1)
    running.service.start(running.app)
    running.service.start(running.app)
    client = running.lmtp()
    client.sendmail("ann@example.com", ["support@example.org"], MAIL)
    client.quit()
    assert "1 mails kept" in running.service.status().detail


def test_a_unix_socket_works_and_one_left_behind_is_replaced(listening: Any, tmp_path: Path) -> None:
    path = tmp_path / "lmtp.sock"
    left = socket.socket(socket.AF_UNIX)
    left.bind(str(path))
    left.close()
    running = listening(lmtp=str(path))
    client = smtplib.LMTP(str(path))
    client.sendmail("ann@example.com", ["support@example.org"], MAIL)
    client.quit()
    assert len(running.arrivals()) == 1
    running.service.stop(1)
    assert not path.exists()


def test_a_place_that_is_taken_is_said_in_a_sentence(listening: Any) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(ConfigurationError, match=f"cannot listen at 127.0.0.1:{port}") as raised:
            listening(smtp=f"127.0.0.1:{port}")
    assert raised.value.remedy


def test_doctor_sees_whether_somebody_answers(listening: Any) -> None:
    from mailloom.addons.listener.checking import check_listening

    running = listening()
    values = running.app.settings("listener").model_dump(mode="json")
    running.app.save_settings("listener", {**values, **{key: running.service.places[key] for key in ("lmtp", "smtp")}})
    assert [finding.severity for finding in check_listening(running.app)] == [Severity.GOOD] * 2
    running.service.stop(1)
    findings = list(check_listening(running.app))
    assert [finding.severity for finding in findings] == [Severity.WARNING] * 2
    assert all(finding.remedy for finding in findings)


@pytest.mark.parametrize(
    "values",
    [
        {"smtp": "2525"},
        {"smtp": "localhost:25"},
        {"smtp": "127.0.0.1:99999"},
        {"clients": ["example.org"]},
        {"smtp": "127.0.0.1:1", "lmtp": "127.0.0.1:1"},
        {"max_recipients": 0},
    ],
)
def test_settings_that_cannot_work_are_refused(values: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        ListenerSettings(**values)
