"""A private Dovecot for tests and benchmarks: IMAP, POP3 and LMTP on free ports of 127.0.0.1, TLS with a throw-away certificate.

Any user name exists and has the password `PASSWORD`, so that every test takes a user of its own and nothing needs to be cleaned up.
Dovecot wants to be started by root (it gives up its rights itself); where it is not installed or we are not root, `reason_missing` says so.
"""

from __future__ import annotations

import itertools
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from mailloom.testing.certificates import make_certificate

PASSWORD = "dove-and-cot"
START_SECONDS = 15

CONFIG = """
protocols = imap pop3 lmtp
listen = 127.0.0.1, 127.0.0.2
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/log
instance_name = {folder}
ssl = yes
ssl_cert = <{folder}/certificate.pem
ssl_key = <{folder}/key.pem
disable_plaintext_auth = no
auth_mechanisms = plain login{more_mechanisms}
auth_failure_delay = 0
first_valid_uid = 1
mail_location = {location}:{folder}/mail/%u
mail_max_userip_connections = 1000
mailbox_idle_check_interval = 1s
imap_max_line_length = 1M
{first_passdb}
passdb {{
  driver = static
  args = password={password}
}}
userdb {{
  driver = static
  args = uid=nobody gid=nogroup home={folder}/mail/%u allow_all_users=yes
}}
namespace inbox {{
  inbox = yes
}}
service auth {{
  client_limit = 4096
}}
service anvil {{
  client_limit = 4096
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
service imap-login {{
  inet_listener imap {{
    port = {imap}
  }}
  inet_listener imaps {{
    port = {imaps}
    ssl = yes
  }}
}}
service pop3-login {{
  inet_listener pop3 {{
    port = {pop3}
  }}
  inet_listener pop3s {{
    port = {pop3s}
    ssl = yes
  }}
}}
service lmtp {{
  inet_listener lmtp {{
    address = 127.0.0.1
    port = {lmtp}
  }}
}}
local 127.0.0.2 {{
  protocol imap {{
    imap_capability = IMAP4rev1
  }}
}}
{extra}
"""

OAUTH_PASSDB = """
passdb {{
  driver = oauth2
  mechanisms = xoauth2 oauthbearer
  args = {folder}/oauth2.conf
}}
"""

INTROSPECTION = """
introspection_url = {url}
introspection_mode = post
username_attribute = email
active_attribute = active
active_value = true
"""


def reason_missing() -> str | None:
    """Why Dovecot cannot run here; None when it can."""
    if shutil.which("dovecot") is None:
        return "Debian's dovecot (dovecot-imapd, dovecot-pop3d, dovecot-lmtpd) is not installed"
    if os.geteuid() != 0:
        return "a private dovecot can only be started by root"
    return None


def free_ports(count: int) -> list[int]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [opened.getsockname()[1] for opened in sockets]
    for opened in sockets:
        opened.close()
    return ports


class Dovecot:
    """One running instance.

    `extra` is added to its configuration; `location` is the mailbox format (maildir, sdbox, mdbox). `introspection` is the URL (RFC 7662) at which it
    asks whose an OAuth token is; with it XOAUTH2 and OAUTHBEARER are offered.
    """

    host = "127.0.0.1"
    plain_host = "127.0.0.2"
    """The same server; here its IMAP claims to know no extension after login."""
    password = PASSWORD

    def __init__(self, *, extra: str = "", location: str = "maildir", introspection: str = "") -> None:
        # Short on purpose: paths of Unix sockets end at 107 characters.
        self.folder = Path(tempfile.mkdtemp(prefix="dc-"))
        self.folder.chmod(0o755)
        (self.folder / "mail").mkdir(mode=0o777)
        (self.folder / "mail").chmod(0o777)
        self.ca_file = make_certificate(self.folder).authority
        self.imap, self.imaps, self.pop3, self.pop3s, self.lmtp = free_ports(5)
        ports: Mapping[str, object] = {
            "imap": self.imap, "imaps": self.imaps, "pop3": self.pop3, "pop3s": self.pop3s, "lmtp": self.lmtp,
        }  # fmt: skip
        config = self.folder / "dovecot.conf"
        oauth = {"first_passdb": "", "more_mechanisms": ""}
        if introspection:
            (self.folder / "oauth2.conf").write_text(INTROSPECTION.format(url=introspection))
            oauth["first_passdb"] = OAUTH_PASSDB.format(folder=self.folder)
            oauth["more_mechanisms"] = " xoauth2 oauthbearer"
        config.write_text(
            CONFIG.format(folder=self.folder, password=PASSWORD, extra=extra, location=location, **ports, **oauth)
        )
        self.process = subprocess.Popen(["dovecot", "-F", "-c", str(config)], stderr=subprocess.PIPE)
        self._numbers = itertools.count(1)
        self._wait_until_ready()

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        for port in (self.imap, self.pop3, self.lmtp):
            while True:
                try:
                    with socket.create_connection((self.host, port), timeout=5) as opened:
                        if opened.recv(4):
                            break
                except OSError:
                    pass
                if self.process.poll() is not None or time.monotonic() > deadline:
                    log = (self.folder / "log").read_text() if (self.folder / "log").exists() else ""
                    self.stop()
                    raise RuntimeError(f"dovecot did not start: {log[-2000:]}")
                time.sleep(0.05)

    def new_user(self) -> str:
        """A user nobody has used yet, with an empty mailbox."""
        return f"user{next(self._numbers)}@example.org"

    def log(self) -> str:
        return (self.folder / "log").read_text()

    def stop(self) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(5)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait(5)
        if self.process.stderr is not None:
            self.process.stderr.close()
        shutil.rmtree(self.folder, ignore_errors=True)


@pytest.fixture(scope="session")
def dovecot() -> Iterator[Dovecot]:
    """One Dovecot for the whole run; every test takes `dovecot.new_user()`."""
    if reason := reason_missing():
        pytest.skip(reason)
    server = Dovecot()
    yield server
    server.stop()
