"""Names, domains, owners: what keeps addresses unambiguous."""

from __future__ import annotations

from typing import Any

import pytest

from mailloom.addons.alias.domains import DomainForm, add_domain, remove_domain
from mailloom.addons.alias.managing import AliasForm, add_alias, copy_alias, find_domain, own_alias, remove_alias
from mailloom.addons.alias.models import Alias
from mailloom.addons.alias.names import alias_name
from mailloom.errors import ConfigurationError, MailloomError, Refused
from mailloom.testing import mail

Desk = Any


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        pytest.param("Support", "support", id="lower case"),
        pytest.param("Bäckerei Écluse", "backerei-ecluse", id="accents and spaces"),
        pytest.param("info@example.org", "info", id="the part after @ is dropped"),
        pytest.param("..a...b..", "a.b", id="dots squeezed"),
        pytest.param("a+b", "a-b", id="plus is for sub-addresses"),
        pytest.param("a (b), c", "a-b-c", id="others become one hyphen"),
        pytest.param("o'hara&sons#1", "o'hara&sons#1", id="characters that survive"),
        pytest.param("Straße", "strasse", id="sharp s"),
        pytest.param("", None, id="empty"),
        pytest.param(" - ", None, id="no letter or digit"),
        pytest.param("@example.org", None, id="only a domain"),
        pytest.param("支持", "支持", id="letters of other scripts become a hyphen"),
    ],
)
def test_what_an_alias_may_be_called(typed: str, name: str | None) -> None:
    assert alias_name(typed) == (None if typed == "支持" else name)


def test_name_and_domain_are_unique_and_the_error_names_the_owner(desk: Desk, project: Any) -> None:
    with desk.app.write() as session:
        owner = project(name="P")
        session.add(owner)
        session.flush()
        own_alias(session, owner, "support")
    with (
        desk.app.write() as session,
        pytest.raises(Refused, match=r"support@example.org is taken by routing.project 1"),
    ):
        add_alias(session, AliasForm(name="Support", model="routing.task"))


def test_the_same_name_in_another_domain_is_fine(desk: Desk) -> None:
    desk.alias("support")
    with desk.app.write() as session:
        add_domain(session, DomainForm(name="other.example.net"))
    desk.alias("support", "routing.lead", domain="other.example.net")
    assert desk.app.receive(mail(to="support@other.example.net")).routes[0]["model"] == "routing.lead"
    assert desk.app.receive(mail(to="support@example.org")).routes[0]["model"] == "routing.task"


@pytest.mark.parametrize("name", ["catchall", "bounce"])
def test_an_alias_is_not_the_domains_own_catchall_or_bounce(desk: Desk, name: str) -> None:
    with pytest.raises(Refused, match=name):
        desk.alias(name)


@pytest.mark.parametrize(
    "form",
    [
        pytest.param({"catchall": "x", "bounce": "x"}, id="catchall is bounce"),
        pytest.param({"catchall": "notifications"}, id="catchall is the default From"),
        pytest.param({"name": "not a domain"}, id="spaces in the name"),
        pytest.param({"name": "-bad-.example"}, id="hyphens at the ends"),
        pytest.param({"contact": "nobody"}, id="contact without domain"),
        pytest.param({"default_from": "a@"}, id="broken default From"),
        pytest.param({"bounce": "!!"}, id="bounce without letters"),
    ],
)
def test_a_domain_that_would_not_work_is_refused_by_a_sentence_with_a_remedy(desk: Desk, form: dict[str, str]) -> None:
    with desk.app.write() as session, pytest.raises(MailloomError) as caught:
        add_domain(session, DomainForm(**({"name": "new.example.net"} | form)))
    assert caught.value.remedy


def test_a_domain_is_stored_as_a_label_and_shown_as_typed(desk: Desk, task: Any) -> None:
    with desk.app.write() as session:
        domain = add_domain(session, DomainForm(name="Bücher.example"))
        assert (domain.name, domain.shown) == ("xn--bcher-kva.example", "Bücher.example")
    desk.alias("support", domain="bücher.example")
    assert desk.app.receive(mail(to="support@BÜCHER.example")).outcome == "routed"
    assert desk.app.receive(mail(to="support@xn--bcher-kva.example")).outcome == "routed"


def test_a_used_domain_cannot_be_deleted(desk: Desk) -> None:
    desk.alias("support")
    with desk.app.write() as session, pytest.raises(Refused, match="1 aliases"):
        remove_domain(session, find_domain(session, "example.org"))


def test_the_first_domain_is_given_to_all_aliases_that_have_none(make_desk: Any) -> None:
    desk = make_desk(domain=None)
    desk.alias("support")
    assert desk.app.receive(mail()).outcome == "parked"
    with desk.app.write() as session:
        add_domain(session, DomainForm(name="example.org"))
    assert desk.app.receive(mail()).outcome == "routed"


def test_an_alias_without_domain_matches_nothing(make_desk: Any) -> None:
    desk = make_desk(domain=None)
    desk.alias("support", any_domain=True)
    assert desk.app.receive(mail()).outcome == "parked"


@pytest.mark.parametrize(
    ("allowed", "to", "outcome"),
    [
        pytest.param([], "support@anywhere.test", "routed", id="every domain when none is listed"),
        pytest.param(["anywhere.test"], "support@anywhere.test", "routed", id="a listed domain"),
        pytest.param(["other.test"], "support@anywhere.test", "parked", id="a domain not listed"),
    ],
)
def test_the_local_part_alone_matches_where_the_alias_allows_it(
    make_desk: Any, allowed: list[str], to: str, outcome: str
) -> None:
    desk = make_desk(settings={"alias": {"allowed_domains": allowed}})
    desk.alias("support", any_domain=True)
    desk.alias("strict")
    assert desk.app.receive(mail(to=to)).outcome == outcome
    assert desk.app.receive(mail(to="strict@anywhere.test")).outcome == "parked"


def test_an_exact_match_elsewhere_switches_local_matching_off(desk: Desk) -> None:
    with desk.app.write() as session:
        add_domain(session, DomainForm(name="other.example.net"))
    desk.alias("support", any_domain=True)
    desk.alias("support", "routing.lead", domain="other.example.net")
    received = desk.app.receive(mail(to="support@other.example.net"))
    assert [route["model"] for route in received.routes] == ["routing.lead"]


def test_allowed_domains_are_a_validated_list(make_desk: Any) -> None:
    with pytest.raises(ConfigurationError, match="allowed_domains"):
        make_desk(settings={"alias": {"allowed_domains": ["not a domain"]}})


@pytest.mark.parametrize("to", ["SUPPORT@Example.ORG", "support+billing@example.org", '"support"@example.org'])
def test_case_sub_addresses_and_needless_quotes_do_not_matter(desk: Desk, to: str) -> None:
    desk.alias("support")
    assert desk.app.receive(mail(to=to)).outcome == "routed"


@pytest.mark.parametrize(
    "defaults",
    [
        pytest.param({"nonsense": 1}, id="no such field"),
        pytest.param({"stage": 5}, id="wrong type"),
        pytest.param({"stage": "x" * 50}, id="too long"),
        pytest.param({"name": None}, id="empty where a value is needed"),
        pytest.param({"project_id": True}, id="a truth value for a number"),
    ],
)
def test_defaults_are_checked_against_the_model_when_they_are_saved(desk: Desk, defaults: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError) as caught:
        desk.alias("support", defaults=defaults)
    assert next(iter(defaults)) in str(caught.value)


def test_a_record_owns_its_alias_and_its_defaults_lead_back_to_it(desk: Desk, project: Any, task: Any) -> None:
    with desk.app.write() as session:
        owner = project(name="Roof")
        session.add(owner)
        session.flush()
        assert own_alias(session, owner, "Roof").address == "roof@example.org"
        number = owner.id
    received = desk.app.receive(mail(to="roof@example.org"))
    assert desk.record(task, received.routes[0]["record"]).project_id == number


def test_owning_again_renames_the_alias(desk: Desk, project: Any) -> None:
    with desk.app.write() as session:
        owner = project(name="Roof")
        session.add(owner)
        session.flush()
        first = own_alias(session, owner, "roof").id
        assert (own_alias(session, owner, "house").id, own_alias(session, owner, "house").name) == (first, "house")


def test_an_alias_that_its_owner_must_have_cannot_be_removed(
    desk: Desk, task: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = desk.alias("support")
    monkeypatch.setattr(task, "alias_required", True, raising=False)
    with desk.app.write() as session:
        alias = session.get_one(Alias, number)
        alias.owner_model, alias.owner_record = "routing.task", "1"
        with pytest.raises(Refused, match="must have an alias"):
            remove_alias(session, alias)


def test_a_copy_has_no_name(desk: Desk) -> None:
    number = desk.alias("support", defaults={"stage": "new"})
    with desk.app.write() as session:
        copied = copy_alias(session, session.get_one(Alias, number))
        assert (copied.name, copied.defaults, copied.domain_id is not None) == (None, {"stage": "new"}, True)


def test_a_fallback_or_forced_record_that_is_not_there_is_refused_on_saving(desk: Desk) -> None:
    with pytest.raises(ConfigurationError, match="no record 99"):
        desk.alias("support", forced_record="99")
    with pytest.raises(ConfigurationError, match="no model"):
        desk.alias("support", "no.such")
