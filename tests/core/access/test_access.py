"""Users, sessions, one-time links and tokens: who gets in, who no longer does, and what the database gives away."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from pydantic import SecretStr
from sqlalchemy import select
from sqlalchemy.orm import Session

from mailloom.access import tokens, users
from mailloom.access.passwords import check_strength, hash_password, password_fits
from mailloom.access.patience import BY_ADDRESS, BY_NAME, Patience
from mailloom.access.signing_in import (
    LINK_VALID,
    Lifetimes,
    close_session,
    find_session,
    identity_of,
    make_link,
    note_seen,
    open_session,
    user_by_link,
    user_by_password,
)
from mailloom.api.access import MEANINGS, PERMISSIONS_OF, Forbidden, Permission, require
from mailloom.api.audit import audit
from mailloom.errors import ConfigurationError, MailloomError, NotFound, Refused
from mailloom.store.access import ApiToken, AuditEntry, Role, WebLoginLink, WebSession, WebUser
from mailloom.store.database import Database
from mailloom.testing.application import Clock

PASSWORD = "four words in a row"
LIFETIMES = Lifetimes(idle=timedelta(hours=2), absolute=timedelta(hours=12))


class _Office:
    def __init__(self, clock: Clock) -> None:
        self.now = clock


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def session(database: Database, clock: Clock) -> Iterator[Session]:
    database.session_info["office"] = _Office(clock)
    with database.write() as session:
        yield session


@pytest.fixture
def ann(session: Session, clock: Clock) -> WebUser:
    return users.add_user(session, "Ann", Role.ADMIN, clock(), email="Ann@Example.com", password=PASSWORD)


@pytest.mark.parametrize("name", ["ann", " ANN ", "ann@example.com", "Ann@EXAMPLE.com"])
def test_people_sign_in_by_name_or_address(session: Session, ann: WebUser, name: str) -> None:
    assert user_by_password(session, name, PASSWORD) is ann


@pytest.mark.parametrize(
    ("name", "password"),
    [
        pytest.param("ann", "another password", id="wrong password"),
        pytest.param("ann", "", id="no password"),
        pytest.param("ann", PASSWORD + " " * 300, id="endless password"),
        pytest.param("bob", PASSWORD, id="unknown"),
        pytest.param("a\x00nn", PASSWORD, id="not text"),
        pytest.param("", "", id="nothing"),
    ],
)
def test_others_do_not(session: Session, ann: WebUser, name: str, password: str) -> None:
    assert user_by_password(session, name, password) is None


def test_a_user_without_password_cannot_sign_in_by_an_empty_one(session: Session, clock: Clock) -> None:
    users.add_user(session, "bob", Role.OPERATOR, clock())
    assert user_by_password(session, "bob", "") is None


def test_the_database_holds_no_secret_as_it_was_handed_out(session: Session, ann: WebUser, clock: Clock) -> None:
    cookie = open_session(session, ann, clock(), LIFETIMES)
    link = make_link(session, ann, clock())
    _, token = tokens.add_token(session, ann, "shop", [Permission.MESSAGES_READ], clock())
    session.flush()
    stored = [
        ann.password_hash,
        *session.scalars(select(WebSession.digest)),
        *session.scalars(select(WebLoginLink.digest)),
        *session.scalars(select(ApiToken.digest)),
    ]
    assert len(stored) == 4
    for secret in (PASSWORD, cookie, link, token):
        assert not [each for each in stored if secret in each]


@pytest.mark.parametrize(
    "password",
    ["short", "password1234", "annannannannann", "aaaaaaaaaaaaaaaa", "x" * 201],
    ids=["short", "common", "the name", "one letter", "endless"],
)
def test_weak_passwords_are_refused_with_the_rule(password: str) -> None:
    with pytest.raises(Refused) as refused:
        check_strength(password, name="ann")
    assert refused.value.remedy


def test_a_password_fits_its_hash_only() -> None:
    stored = hash_password(PASSWORD)
    assert password_fits(PASSWORD, stored)
    assert not password_fits(PASSWORD + "!", stored)
    assert not password_fits("", "")


def test_a_session_ends_when_idle_and_in_any_case(session: Session, ann: WebUser, clock: Clock) -> None:
    secret = open_session(session, ann, clock(), LIFETIMES)
    session.flush()
    for _ in range(6):
        clock.time += timedelta(hours=1, minutes=59)
        found = find_session(session, secret, clock(), LIFETIMES)
        assert found is not None
        note_seen(session, found.digest, clock())
    clock.time += timedelta(minutes=7)
    assert find_session(session, secret, clock(), LIFETIMES) is None, "twelve hours are over"
    other = open_session(session, ann, clock(), LIFETIMES)
    session.flush()
    clock.time += timedelta(hours=2)
    assert find_session(session, other, clock(), LIFETIMES) is None, "nobody came for two hours"


def test_signing_in_ends_the_session_the_browser_came_with(session: Session, ann: WebUser, clock: Clock) -> None:
    planted = open_session(session, ann, clock(), LIFETIMES)
    session.flush()
    fresh = open_session(session, ann, clock(), LIFETIMES, old=planted)
    session.flush()
    assert fresh != planted
    assert find_session(session, planted, clock(), LIFETIMES) is None
    assert find_session(session, fresh, clock(), LIFETIMES) is not None


def test_signing_out_ends_one_session_and_disabling_all(session: Session, ann: WebUser, clock: Clock) -> None:
    users.add_user(session, "bob", Role.ADMIN, clock())
    secrets = [open_session(session, ann, clock(), LIFETIMES) for _ in range(3)]
    _, token = tokens.add_token(session, ann, "shop", [Permission.AUDIT_READ], clock())
    close_session(session, secrets[0])
    session.flush()
    assert [find_session(session, each, clock(), LIFETIMES) is not None for each in secrets] == [False, True, True]
    users.disable_user(session, ann, clock())
    session.flush()
    session.expire_all()
    assert not any(find_session(session, each, clock(), LIFETIMES) for each in secrets)
    assert tokens.token_of(session, token, clock()) is None
    assert user_by_password(session, "ann", PASSWORD) is None


def test_a_new_password_signs_out_all_other_browsers(session: Session, ann: WebUser, clock: Clock) -> None:
    here, there = (open_session(session, ann, clock(), LIFETIMES) for _ in range(2))
    session.flush()
    found = find_session(session, here, clock(), LIFETIMES)
    assert found is not None
    users.set_password(session, ann, "quite another few words", keep_session=found.digest)
    session.expire_all()
    assert find_session(session, here, clock(), LIFETIMES) is not None
    assert find_session(session, there, clock(), LIFETIMES) is None


def test_a_link_works_once_and_not_for_long(session: Session, ann: WebUser, clock: Clock) -> None:
    first = make_link(session, ann, clock())
    session.flush()
    second = make_link(session, ann, clock())
    session.flush()
    assert user_by_link(session, first, clock()) is None, "a newer one took its place"
    assert user_by_link(session, second, clock()) is ann
    assert user_by_link(session, second, clock()) is None
    late = make_link(session, ann, clock())
    session.flush()
    assert user_by_link(session, late, clock() + LINK_VALID) is None


@pytest.mark.parametrize("act", ["disable", "demote"])
def test_one_administrator_remains(session: Session, ann: WebUser, clock: Clock, act: str) -> None:
    with pytest.raises(Refused, match="only administrator"):
        users.disable_user(session, ann, clock()) if act == "disable" else users.set_role(session, ann, Role.OPERATOR)


@pytest.mark.parametrize(
    ("name", "email"),
    [("ann", ""), ("ANN", ""), ("bob", "ann@example.com"), ("", ""), ("a b", ""), ("-x", ""), ("bob", "no address")],
)
def test_names_and_addresses_are_checked(session: Session, ann: WebUser, clock: Clock, name: str, email: str) -> None:
    with pytest.raises(MailloomError):
        users.add_user(session, name, Role.OPERATOR, clock(), email=email)


def test_a_zone_must_exist(ann: WebUser) -> None:
    users.set_time_zone(ann, "Europe/Berlin")
    for bad in ("Mars/Olympus", "../../etc/passwd", ""):
        with pytest.raises(ConfigurationError):
            users.set_time_zone(ann, bad)


def test_a_token_may_do_what_scope_and_role_both_allow(session: Session, ann: WebUser, clock: Clock) -> None:
    bob = users.add_user(session, "bob", Role.OPERATOR, clock())
    scopes = [Permission.MESSAGES_WRITE, Permission.SYSTEM_READ]
    _, secret = tokens.add_token(session, bob, "shop", scopes, clock())
    found = tokens.token_of(session, secret, clock())
    assert found is not None
    assert found[1].permissions == {Permission.MESSAGES_WRITE, Permission.SYSTEM_READ}
    assert found[1].actor == "token:shop of bob"
    users.set_role(session, bob, Role.READ_ONLY)
    narrowed = tokens.token_of(session, secret, clock())
    assert narrowed is not None
    assert narrowed[1].permissions == {Permission.SYSTEM_READ}


def test_a_token_cannot_hold_more_than_its_user(session: Session, ann: WebUser, clock: Clock) -> None:
    bob = users.add_user(session, "bob", Role.MARKETING, clock())
    with pytest.raises(Refused, match=r"users\.write"):
        tokens.add_token(session, bob, "shop", [Permission.USERS_WRITE], clock())


def test_tokens_end(session: Session, ann: WebUser, clock: Clock) -> None:
    token, secret = tokens.add_token(
        session, ann, "shop", [Permission.AUDIT_READ], clock(), expires_at=clock() + timedelta(days=1)
    )
    assert tokens.token_of(session, secret, clock() + timedelta(days=1)) is None
    assert tokens.token_of(session, secret, clock()) is not None
    tokens.revoke_token(session, token)
    session.flush()
    assert tokens.token_of(session, secret, clock()) is None
    for bad in (-1, 0, 2**70):
        with pytest.raises(NotFound):
            tokens.find_token(session, bad)


@pytest.mark.parametrize("secret", ["", "mlt_", "mlt_" + "x" * 5000, "mlt_\ud800", "Bearer x"])
def test_what_is_no_token_is_nobodys(session: Session, clock: Clock, secret: str) -> None:
    assert tokens.token_of(session, secret, clock()) is None


def test_patience_ends_by_name_and_by_network(clock: Clock) -> None:
    patience = Patience(clock)
    by_name = [patience.wait("ann", f"192.0.2.{n}") for n in range(BY_NAME.burst + 1)]
    assert by_name[:-1] == [0] * BY_NAME.burst
    assert by_name[-1] == pytest.approx(60)
    by_network = [patience.wait(f"n{n}", f"2001:db8::{n}") for n in range(BY_ADDRESS.burst + 1)]
    assert by_network[-1] > 0
    clock.time += timedelta(minutes=1)
    assert patience.wait("ann", "192.0.2.1") == 0
    patience.forgive("ann")
    assert patience.wait("ANN ", "not an address") == 0


def test_patience_keeps_a_bounded_number_of_buckets(clock: Clock) -> None:
    patience = Patience(clock, most=50)
    for number in range(500):
        patience.wait(f"name{number}", f"10.0.{number // 250}.{number % 250}")
    assert len(patience._left) == 50


def test_every_permission_is_explained_and_somebodys() -> None:
    assert set(MEANINGS) == set(Permission)
    assert PERMISSIONS_OF[Role.ADMIN] == set(Permission)
    assert set(PERMISSIONS_OF) == set(Role)
    for role in (Role.OPERATOR, Role.MARKETING, Role.READ_ONLY):
        assert Permission.USERS_WRITE not in PERMISSIONS_OF[role]
    assert all(each.value.endswith(".read") for each in PERMISSIONS_OF[Role.READ_ONLY])


def test_who_lacks_a_permission_is_told_which(session: Session, ann: WebUser, clock: Clock) -> None:
    bob = identity_of(users.add_user(session, "bob", Role.READ_ONLY, clock()))
    require(identity_of(ann), *Permission)
    with pytest.raises(Forbidden, match=r"settings\.write.*bob"):
        require(bob, Permission.SETTINGS_READ, Permission.SETTINGS_WRITE)


def test_the_audit_log_keeps_no_secrets_and_no_endless_texts(session: Session, ann: WebUser, clock: Clock) -> None:
    details = {
        "password": "hunter2",
        "key": SecretStr("hunter2"),
        "nested": {"client_secret": "hunter2", "list": [SecretStr("hunter2"), Role.ADMIN, clock()]},
        "long": "x" * 10_000,
        "nul": "a\x00b",
    }
    audit(session, identity_of(ann, address="192.0.2.1"), "settings.change", "settings:core", details)
    session.flush()
    entry = session.scalars(select(AuditEntry)).one()
    assert (entry.actor, entry.address, entry.at) == ("ann", "192.0.2.1", clock())
    assert "hunter2" not in str(entry.details)
    assert entry.details["nested"]["list"][1] == "admin"
    assert len(entry.details["long"]) == 500
    assert entry.details["nul"] == "ab"
