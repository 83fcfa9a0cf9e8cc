"""A private Postfix for tests: SMTP on free ports of 127.0.0.1 (plain with STARTTLS, and TLS from the start), delivery into a maildir.

Mail for example.org is delivered to `mail/all/`, or handed to an LMTP server; `gone@example.org` does not exist; other domains are
discarded. Postfix wants to be started by root; where that is impossible or it is not installed, `reason_missing` says so.
"""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from mailloom.testing.certificates import make_certificate

START_SECONDS = 20
PROGRAMS = Path("/usr/lib/postfix/sbin")

MAIN = """
compatibility_level = 3.6
queue_directory = {folder}/queue
data_directory = {folder}/data
command_directory = /usr/sbin
daemon_directory = {programs}
mail_owner = postfix
setgid_group = postdrop
myhostname = mail.example.org
mydestination =
local_recipient_maps =
alias_maps =
alias_database =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
mynetworks = 127.0.0.0/8
maillog_file = {folder}/log
maillog_file_prefixes = {folder}
import_environment = MAIL_CONFIG
virtual_mailbox_domains = example.org
virtual_mailbox_base = {folder}/mail
virtual_mailbox_maps = static:all/
virtual_transport = {transport}
virtual_minimum_uid = 1
virtual_uid_maps = static:{user}
virtual_gid_maps = static:{group}
lmtp_destination_recipient_limit = 1
default_transport = discard
relay_transport = discard
smtpd_tls_security_level = may
smtpd_tls_cert_file = {folder}/certificate/certificate.pem
smtpd_tls_key_file = {folder}/certificate/key.pem
smtputf8_enable = yes
message_size_limit = 20000000
smtpd_client_connection_rate_limit = 0
smtpd_client_connection_count_limit = 0
smtpd_relay_restrictions = permit_mynetworks, reject
smtpd_recipient_restrictions = check_recipient_access regexp:{folder}/etc/recipients, permit_mynetworks, reject
header_checks = regexp:{folder}/etc/headers
"""

MASTER = """
{smtp} inet n - n - - smtpd
{smtps} inet n - n - - smtpd -o smtpd_tls_wrappermode=yes
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
smtp unix - - n - - smtp
showq unix n - n - - showq
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
virtual unix - n n - - virtual
lmtp unix - - n - - lmtp
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
"""


def reason_missing() -> str | None:
    """Why Postfix cannot run here; None when it can."""
    if not (PROGRAMS / "master").exists():
        return "Debian's postfix is not installed"
    if os.geteuid() != 0:
        return "a private postfix can only be started by root"
    return None


def free_ports(count: int) -> list[int]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [opened.getsockname()[1] for opened in sockets]
    for opened in sockets:
        opened.close()
    return ports


class Postfix:
    """A running Postfix. `smtp` and `smtps` are ports; `lmtp_port` hands mail for example.org to a server there."""

    host = "127.0.0.1"

    def __init__(self, *, lmtp_port: int | None = None) -> None:
        # Short on purpose: paths of Unix sockets end at 107 characters.
        self.folder = Path(tempfile.mkdtemp(prefix="pf-"))
        self.folder.chmod(0o755)
        self.certificate = make_certificate(self.folder / "certificate", names=("localhost", "127.0.0.1"))
        self.smtp, self.smtps = free_ports(2)
        self.mail = self.folder / "mail"
        self._write_configuration(f"lmtp:inet:127.0.0.1:{lmtp_port}" if lmtp_port else "virtual")
        self.process = subprocess.Popen(
            ["postfix", "-c", str(self.folder / "etc"), "start-fg"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            env={**os.environ, "PATH": "/usr/sbin:/usr/bin:/sbin:/bin"},
        )
        self._wait_until_ready()

    def _write_configuration(self, transport: str) -> None:
        nobody = pwd.getpwnam("nobody")
        for name in ("etc", "queue", "data", "mail"):
            (self.folder / name).mkdir()
        shutil.chown(self.folder / "data", "postfix")
        shutil.chown(self.mail, "nobody")
        etc = self.folder / "etc"
        values = {
            "folder": self.folder,
            "programs": PROGRAMS,
            "transport": transport,
            "user": nobody.pw_uid,
            "group": nobody.pw_gid,
        }
        (etc / "main.cf").write_text(MAIN.format(**values))
        (etc / "master.cf").write_text(MASTER.format(smtp=f"127.0.0.1:{self.smtp}", smtps=f"127.0.0.1:{self.smtps}"))
        (etc / "recipients").write_text(
            "/^gone@/ 550 5.1.1 User unknown\n/^later@/ 450 4.2.0 Greylisted, try again in 300 seconds\n"
        )
        (etc / "headers").write_text("/^X-Refuse-Me:/ REJECT not wanted here\n")

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        while True:
            try:
                with socket.create_connection((self.host, self.smtp), timeout=5) as opened:
                    if opened.recv(4) == b"220 ":
                        return
            except OSError:
                pass
            if self.process.poll() is not None or time.monotonic() > deadline:
                log = self.log()
                self.stop()
                raise RuntimeError(f"postfix did not start: {log[-2000:]}")
            time.sleep(0.05)

    def log(self) -> str:
        path = self.folder / "log"
        return path.read_text() if path.exists() else ""

    def delivered(self, user: str, count: int = 1, seconds: float = 15) -> list[bytes]:
        """The mails for this local part of example.org, oldest first, once there are `count`."""
        deadline = time.monotonic() + seconds
        mark = f"\nX-Original-To: {user}@example.org\n".encode()
        while True:
            paths = sorted((self.mail / "all" / "new").glob("*"), key=lambda path: path.stat().st_mtime_ns)
            found = [mail for mail in (path.read_bytes() for path in paths) if mark in mail]
            if len(found) >= count:
                return found
            if time.monotonic() > deadline:
                raise AssertionError(f"{len(found)} of {count} mails for {user}: {self.log()[-2000:]}")
            time.sleep(0.05)

    def stop(self) -> None:
        path = self.folder / "queue/pid/master.pid"
        if path.exists():
            master = int(path.read_text())
            with contextlib.suppress(ProcessLookupError):
                os.kill(master, signal.SIGTERM)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGTERM)
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait(5)
        shutil.rmtree(self.folder, ignore_errors=True)


@pytest.fixture(scope="session")
def postfix() -> Iterator[Postfix]:
    """One Postfix for the whole run; tests use recipients of their own."""
    if reason := reason_missing():
        pytest.skip(reason)
    server = Postfix()
    yield server
    server.stop()
