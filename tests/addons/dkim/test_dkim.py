"""Keys from making to revoking, and the mail they sign."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import dkim
import pytest
from cryptography.fernet import Fernet
from sqlalchemy import select
from typer.testing import CliRunner

from mailloom.addons.dkim.checks import findings
from mailloom.addons.dkim.commands import dkim as commands
from mailloom.addons.dkim.models import DkimKey
from mailloom.addons.dkim.publishing import look
from mailloom.addons.dkim.rotating import add_key, advance, rotate, steps_of
from mailloom.addons.dkim.signing import author_domain
from mailloom.api import Draft, Recipient
from mailloom.api.checks import Severity
from mailloom.api.sending import Capabilities
from mailloom.errors import Refused
from mailloom.jobs.duties import Duties
from mailloom.mail.address import Address
from mailloom.mail.dkim_keys import KeyKind
from mailloom.store.accounts import AccountRow, AccountState, Direction
from mailloom.store.database import Database
from mailloom.store.secrets import Keys
from mailloom.store.system import Alarm
from mailloom.testing import Clock, TemporaryApp, temporary_app
from mailloom.testing.dns import FakeResolver
from mailloom.testing.transports import MemoryKind, MemoryServer

DOMAIN = "example.org"


class Post:
    """The application with the addon, its DNS, its clock, and an outgoing server in memory."""

    def __init__(self, app: TemporaryApp, clock: Clock, dns: FakeResolver, server: MemoryServer) -> None:
        self.app, self.clock, self.dns, self.server = app, clock, dns, server

    def create(self, *kinds: KeyKind, domain: str = DOMAIN) -> list[DkimKey]:
        with self.app.write() as session:
            return [add_key(session, self.app, domain, kind) for kind in kinds or (KeyKind.RSA,)]

    def rotate(self) -> list[DkimKey]:
        with self.app.write() as session:
            return rotate(session, self.app, DOMAIN)

    def publish(self, *keys: DkimKey) -> None:
        for key in keys:
            self.dns.publish(key.name, "TXT", key.record)

    def after(self, **passed: float) -> list[str]:
        """Time passes and the job runs."""
        self.clock.time += timedelta(**passed)
        return advance(self.app)

    def states(self) -> list[str]:
        with self.app.read() as session:
            return [key.state.value for key in session.scalars(select(DkimKey).order_by(DkimKey.id))]

    def steps(self, key: DkimKey) -> list[str]:
        with self.app.read() as session:
            return [step.text for step in steps_of(session, [key])[key.id]]

    def send(self, sender: str = f"support@{DOMAIN}") -> bytes:
        """A mail as the server got it."""
        with self.app.write() as session:
            draft = Draft(
                sender=Address(name="Support", localpart=sender.split("@")[0], domain=sender.split("@")[1]),
                recipients=[Recipient(address=Address(name="", localpart="ann", domain="example.com"))],
                subject="Hello",
                text="Hello Ann\n",
                account="out",
            )
            self.app.enqueue(session, draft)
        Duties(self.app, self.app.database, self.app.registry, self.app.keys, self.app.inbound).send(
            self.app.account_id("out")
        )
        return self.server.mails[-1].raw

    def verifies(self, raw: bytes) -> bool:
        def text_of(name: bytes, timeout: int = 5) -> bytes:
            return "".join(self.dns.zone.get((name.decode().rstrip("."), "TXT"), ())).encode()

        return bool(dkim.verify(raw, dnsfunc=text_of))

    def run(self, *arguments: str) -> str:
        said = CliRunner().invoke(commands, list(arguments), obj=self.app)
        assert said.exit_code == 0, said.output
        return said.output


@pytest.fixture
def make_post(database: Database) -> Iterator[Callable[..., Post]]:
    opened = []

    def make(*, capabilities: Capabilities | None = None, **settings: Any) -> Post:
        clock, dns, server = Clock(), FakeResolver(), MemoryServer()
        kind = MemoryKind(server)
        if capabilities is not None:
            kind.capabilities = capabilities
        context = temporary_app(
            ["dkim"],
            transports=[kind],
            settings={"dkim": settings},
            database_url=database.url.render_as_string(hide_password=False),
            clock=clock,
            resolver=dns,
        )
        opened.append(context)
        app = context.__enter__()
        with app.write() as session:
            session.add(
                AccountRow(
                    name="out",
                    kind="memory",
                    direction=Direction.OUTGOING,
                    state=AccountState.CONFIRMED,
                    created_at=clock(),
                )
            )
        return Post(app, clock, dns, server)

    yield make
    for context in reversed(opened):
        context.__exit__(None, None, None)


@pytest.fixture
def post(make_post: Callable[..., Post]) -> Post:
    return make_post()


def test_a_key_signs_nothing_before_it_was_seen_in_the_dns(post: Post) -> None:
    [key] = post.create()
    assert post.after(hours=1) == []
    assert (post.states(), b"DKIM-Signature" in post.send()) == (["waiting"], False)
    post.publish(key)
    assert post.after(hours=1) == [f"{key.name}: verified in the DNS; signs from now on"]
    assert post.states() == ["signing"]
    assert post.verifies(post.send())


def test_two_keys_make_two_signatures(post: Post) -> None:
    post.publish(*post.create(KeyKind.RSA, KeyKind.ED25519))
    post.after(minutes=1)
    raw = post.send()
    assert raw.count(b"DKIM-Signature:") == 2
    assert raw.index(b"a=rsa-sha256") < raw.index(b"a=ed25519-sha256")
    assert post.verifies(raw)


def test_the_private_half_is_sealed(post: Post) -> None:
    [key] = post.create()
    assert key.private is not None
    assert "PRIVATE" not in str.__str__(key.private)
    assert "PRIVATE" in post.app.unseal(key.private)


@pytest.mark.parametrize(
    ("sender", "signed"),
    [
        pytest.param("support@example.org", True, id="the domain"),
        pytest.param("news@mail.example.org", True, id="below it"),
        pytest.param("support@example.com", False, id="another"),
        pytest.param("support@badexample.org", False, id="ends alike"),
    ],
)
def test_the_key_of_the_domain_of_from_signs(post: Post, sender: str, signed: bool) -> None:
    post.publish(*post.create())
    post.after(minutes=1)
    raw = post.send(sender)
    assert (b"d=example.org" in raw) is signed


def test_a_closer_domain_signs_before_one_above(post: Post) -> None:
    post.publish(*post.create(), *post.create(domain="mail.example.org"))
    post.after(minutes=1)
    assert b"d=mail.example.org" in post.send("news@mail.example.org")


def test_nothing_is_signed_where_the_server_signs_by_itself(make_post: Callable[..., Post]) -> None:
    post = make_post(capabilities=Capabilities(signs_dkim=True))
    post.publish(*post.create())
    post.after(minutes=1)
    assert b"DKIM-Signature" not in post.send()


def test_nothing_is_signed_on_accounts_that_the_operator_names(make_post: Callable[..., Post]) -> None:
    post = make_post(accounts_that_sign=["out"])
    post.publish(*post.create())
    post.after(minutes=1)
    assert b"DKIM-Signature" not in post.send()


def test_what_the_server_rewrites_is_not_signed(make_post: Callable[..., Post]) -> None:
    post = make_post(capabilities=Capabilities(rewrites_message_id=True))
    post.publish(*post.create())
    post.after(minutes=1)
    raw = post.send()
    signature = raw.partition(b"bh=")[0]
    assert b":message-id" not in signature
    assert b":date" not in signature


def test_a_rotation_leaves_no_gap_and_every_step_is_written_down(post: Post) -> None:
    [old] = post.create()
    post.publish(old)
    post.after(minutes=1)
    [new] = post.rotate()
    post.after(hours=72)
    assert post.states() == ["signing", "waiting"]
    post.publish(new)
    assert post.after(hours=1) == [f"{new.name}: seen in the DNS; takes over after 48 hours"]
    assert post.after(hours=47) == []
    assert f"s={old.selector};".encode() in post.send()
    assert post.after(hours=1) == [f"{new.name}: verified in the DNS; signs from now on"]
    assert post.states() == ["retired", "signing"]
    raw = post.send()
    assert f"s={new.selector};".encode() in raw
    assert post.verifies(raw)
    assert post.after(days=6) == []
    assert post.after(days=1) == [f"{old.name}: revoked, its private half removed; empty its p= or remove its record"]
    assert post.states() == ["revoked", "signing"]
    assert [text.split(";")[0].split(",")[0] for text in post.steps(old)] == [
        "made",
        "verified in the DNS",
        "retired",
        "revoked",
    ]
    with post.app.read() as session:
        assert session.get_one(DkimKey, old.id).private is None


def test_a_record_that_disappears_while_waiting_begins_to_wait_anew(post: Post) -> None:
    post.publish(*post.create())
    post.after(minutes=1)
    [new] = post.rotate()
    post.publish(new)
    post.after(hours=1)
    del post.dns.zone[new.name, "TXT"]
    post.after(hours=40)
    post.publish(new)
    post.after(hours=40)
    assert post.states() == ["signing", "waiting"]
    post.after(hours=48)
    assert post.states() == ["retired", "signing"]


def test_a_silent_dns_changes_nothing(post: Post) -> None:
    [key] = post.create()
    post.publish(key)
    post.after(minutes=1)
    [new] = post.rotate()
    post.publish(new)
    post.after(hours=1)
    post.dns.failing = {key.name, new.name}
    assert post.after(hours=48) == []
    post.dns.failing = set()
    post.after(minutes=1)
    assert post.states() == ["retired", "signing"]


def test_a_key_that_is_lost_from_the_dns_raises_one_alarm(post: Post) -> None:
    [key] = post.create()
    post.publish(key)
    post.after(minutes=1)
    del post.dns.zone[key.name, "TXT"]
    assert post.after(hours=1) == [f"{key.name}: lost from the DNS: nothing is published at {key.name}"]
    assert post.after(hours=1) == []
    with post.app.read() as session:
        assert [alarm.subject for alarm in session.scalars(select(Alarm))] == ["dkim example.org"]
    assert [(each.severity, each.subject) for each in findings(post.app)] == [(Severity.BAD, key.name)]


def test_old_keys_are_followed_by_themselves_where_wanted(make_post: Callable[..., Post]) -> None:
    post = make_post(rotate_after_days=90)
    post.publish(*post.create())
    post.after(minutes=1)
    assert post.after(days=89) == []
    [step] = post.after(days=2)
    assert step.endswith(": made")
    assert post.states() == ["signing", "waiting"]
    assert post.after(days=1) == []


@pytest.mark.parametrize(
    ("seen", "records"),
    [
        pytest.param("published", ["{record}"], id="as it should be"),
        pytest.param("published", ["v=DKIM1;k=rsa;p={public}"], id="written otherwise"),
        pytest.param("published", ["p={public}"], id="p alone"),
        pytest.param("published", ["unrelated", "{record}"], id="other text beside"),
        pytest.param("missing", [], id="nothing"),
        pytest.param("missing", ["unrelated"], id="other text only"),
        pytest.param("different", ["{cut}"], id="cut off at 255"),
        pytest.param("different", ["v=DKIM1; k=rsa; p=AAAA"], id="another key"),
        pytest.param("different", ["{record}", "v=DKIM1; k=rsa; p=AAAA"], id="two keys"),
        pytest.param("different", ["v=DKIM1; k=ed25519; p={public}"], id="wrong kind"),
        pytest.param("different", ["v=DKIM1; t=y; p={public}"], id="under test"),
        pytest.param("empty", ["v=DKIM1; p="], id="revoked"),
    ],
)
def test_what_stands_in_the_dns_is_judged(post: Post, seen: str, records: list[str]) -> None:
    [key] = post.create()
    public = key.record.partition("p=")[2]
    post.dns.publish(
        key.name, "TXT", *[each.format(record=key.record, public=public, cut=key.record[:255]) for each in records]
    )
    assert look(key, post.dns).seen.value == seen


def test_a_second_waiting_key_and_a_rotation_of_nothing_are_refused(post: Post) -> None:
    post.create()
    with pytest.raises(Refused):
        post.create()
    with pytest.raises(Refused):
        post.rotate()


def test_a_key_that_cannot_be_read_holds_no_mail_up_and_is_reported(post: Post) -> None:
    [key] = post.create()
    post.publish(key)
    post.after(minutes=1)
    with post.app.write() as session:
        session.get_one(DkimKey, key.id).private = Keys([Fernet.generate_key().decode()]).seal("lost")
    assert b"DKIM-Signature" not in post.send()
    assert [each.severity for each in findings(post.app)] == [Severity.BAD]


def test_selectors_name_the_month_and_do_not_repeat(post: Post) -> None:
    keys = post.create(KeyKind.RSA, KeyKind.ED25519)
    post.publish(*keys)
    post.after(minutes=1)
    assert [key.selector for key in [*keys, *post.rotate()]] == ["ml202603", "ml202603e", "ml202603-2", "ml202603e-2"]


def test_the_command_line_leads_from_nothing_to_a_rotation(post: Post) -> None:
    assert "ml202603._domainkey.example.org" in post.run("create", "Example.org", "--kind", "both")
    assert "waiting" in post.run("list")
    assert '"v=DKIM1; k=rsa; p=' in post.run("record", DOMAIN)
    assert "nothing is published" in post.run("check", DOMAIN)
    with post.app.read() as session:
        post.publish(*session.scalars(select(DkimKey)))
    assert "signs from now on" in post.run("check")
    assert "ml202603-2" in post.run("rotate", DOMAIN)
    assert "made; its record has to be published" in post.run("list", "--steps").replace("\n", " ")


@pytest.mark.parametrize(
    ("raw", "domain"),
    [
        pytest.param(b"From: a@Example.org\r\n\r\n", "example.org", id="first"),
        pytest.param(b"To: x@y.z\r\nFrom: A\r\n <a@example.org>\r\n\r\n", "example.org", id="folded"),
        pytest.param(b"Subject: x\r\n\r\nFrom: a@example.org\r\n", "", id="in the body"),
        pytest.param(b"X-From: a@example.org\r\n\r\n", "", id="another field"),
        pytest.param("From: a@bücher.example\r\n\r\n".encode(), "xn--bcher-kva.example", id="international"),
    ],
)
def test_the_domain_of_from_is_read(raw: bytes, domain: str) -> None:
    assert author_domain(raw) == domain
