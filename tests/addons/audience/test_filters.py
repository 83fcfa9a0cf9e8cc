"""Filters choose people by data alone: each question on both databases, and every way to write a wrong one."""

from __future__ import annotations

import json
from typing import Any

import pytest

from mailloom.addons.audience.filters import read_filter
from mailloom.addons.audience.selecting import members_of, records_of
from mailloom.addons.helpdesk.models import Team, Ticket, TicketState
from mailloom.errors import ConfigurationError

PEOPLE: dict[str, dict[str, Any]] = {
    "ann": {"name": "Ann", "city": "Wien", "age": 17, "vip": True},
    "bob": {"name": "Bob 100%", "city": "wiener neustadt", "age": 42.5, "vip": False},
    "cem": {"name": "Cem_x", "city": "", "zip": 1010},
    "dot": {"age": "44", "zip": "1010", "vip": "true"},
}


def condition(field: str, op: str, value: Any = None) -> dict[str, Any]:
    return {"field": field, "op": op} if value is None else {"field": field, "op": op, "value": value}


CITY, AGE = "attributes.city", "attributes.age"
CASES: dict[str, tuple[dict[str, Any], str]] = {
    "text is": (condition(CITY, "=", "Wien"), "ann"),
    "text is not counts what is missing": (condition(CITY, "!=", "Wien"), "bob cem dot"),
    "text contains whatever the case": (condition(CITY, "contains", "WIEN"), "ann bob"),
    "text begins": (condition("address", "begins with", "BOB@"), "bob"),
    "text ends": (condition("address", "ends with", "example.com"), "ann bob cem dot"),
    "a percent sign is a percent sign": (condition("name", "contains", "%"), "bob"),
    "an underscore is an underscore": (condition("name", "contains", "m_x"), "cem"),
    "text in": (condition("name", "in", ["Ann", "Zoe"]), "ann"),
    "text not in": (condition("name", "not in", ["Ann", "Zoe"]), "bob cem dot"),
    "empty counts what is missing": (condition(CITY, "is empty"), "cem dot"),
    "not empty": (condition(CITY, "is not empty"), "ann bob"),
    "number at least, of numbers only": (condition(AGE, ">=", 17), "ann bob"),
    "number less": (condition(AGE, "<", 42.5), "ann"),
    "number among text is no number": (condition(AGE, "=", 44), ""),
    "digits are found as text, however stored": (condition("attributes.zip", "=", "1010"), "cem dot"),
    "true": (condition("attributes.vip", "=", True), "ann"),
    "not true": (condition("attributes.vip", "!=", True), "bob cem dot"),
    "mixed values": (condition(AGE, "in", [17, "44"]), "ann dot"),
    "time": (condition("created_at", ">=", "2026-03-02"), "ann bob cem dot"),
    "time with zone": (condition("created_at", "<", "2026-03-02T09:59+01:00"), ""),
    "enumeration": (condition("source", "=", "admin"), "ann bob cem dot"),
    "on a list": (condition("list", "=", "other"), "bob"),
    "not on a list": (condition("list", "not in", ["other", "nowhere"]), "ann cem dot"),
    "all": ({"all": [condition(CITY, "contains", "wien"), condition(AGE, ">", 20)]}, "bob"),
    "any": ({"any": [condition("name", "=", "Ann"), condition("attributes.zip", "is not empty")]}, "ann cem dot"),
    "not turns what is missing into yes": ({"not": condition(AGE, ">", 20)}, "ann cem dot"),
}


@pytest.fixture
def people(audience: Any) -> Any:
    audience.make_list("news")
    other = audience.make_list("other")
    for localpart, said in PEOPLE.items():
        audience.subscribe(f"{localpart}@example.com", **said)
    audience.subscribe("bob@example.com", other)
    return audience


def test_each_question_on_both_databases(people: Any) -> None:
    with people.app.read() as session:
        for name, (written, expected) in CASES.items():
            chosen = members_of([1], chosen=read_filter(json.dumps(written)))
            found = [row.address.partition("@")[0] for row in session.execute(chosen)]
            assert found == expected.split(), name


def test_members_come_once_and_page_by_page(people: Any) -> None:
    with people.app.read() as session:
        statement = members_of([1, 2])
        first = session.execute(statement.limit(2)).all()
        rest = session.execute(statement.where(statement.selected_columns.id > first[-1].id)).all()
    assert [row.key.partition("@")[0] for row in (*first, *rest)] == ["ann", "bob", "cem", "dot"]
    assert first[0].attributes == {"city": "Wien", "age": 17, "vip": True}


DEEP: Any = condition("name", "=", "x")
for _ in range(30):
    DEEP = {"not": DEEP}

WRONG: dict[str, tuple[Any, str]] = {
    "no JSON": ("name = 'x'", "it is no JSON"),
    "nested beyond what Python reads": ("[" * 19_000, "it is no JSON"),
    "too long": ('"' + "x" * 30_000 + '"', "longer than 20000"),
    "too deep": (DEEP, "nests deeper than 10"),
    "too many": ({"all": [condition("name", "=", "x")] * 300}, "more than 200 conditions"),
    "no condition": ([], "valid dictionary"),
    "nothing to fulfil": ({"all": []}, "at least 1 item"),
    "two sorts at once": ({"all": [DEEP], "any": []}, "nests deeper"),
    "an unknown key": ({**condition("name", "=", "x"), "sql": "1=1"}, "sql"),
    "an unknown question": (condition("name", "like", "x"), "op"),
    "an unknown field": (condition("key", "=", "x"), "There is no field 'key'"),
    "a column by its table": (condition("audience_member.name", "=", "x"), "There is no field"),
    "an attribute that is SQL": (condition("attributes.a'] or 1=1", "=", "x"), "There is no field"),
    "a value too many": ({"field": "name", "op": "is empty", "value": "x"}, "a value is too many"),
    "no value": (condition("name", "="), "a value is missing"),
    "a list where one is wanted": (condition("name", "=", ["x"]), "want a list of values, the others one"),
    "one where a list is wanted": (condition("name", "in", "x"), "want a list of values, the others one"),
    "order of text": (condition("name", "<", "x"), "there is no such question about text"),
    "search in a number": (condition("attributes.age", "contains", 4), "there is no such question about a number"),
    "a number for text": (condition("name", "=", 4), "4 is not text"),
    "text for a time": (condition("created_at", "<", "soon"), "'soon' is not a time"),
    "a word that the enumeration lacks": (condition("source", "=", "x"), "'x' is not one of form, import"),
    "a list asked otherwise": (condition("list", "contains", "x"), "a list is asked for by name"),
    "a null character": (condition("name", "=", "a\x00b"), "a value is text of up to"),
    "infinity": ('{"field": "attributes.age", "op": ">", "value": Infinity}', "a value is text of up to"),
    "a number beyond the database": (condition("attributes.age", ">", 10**400), "a value is text of up to"),
}


@pytest.mark.parametrize(("written", "said"), WRONG.values(), ids=WRONG.keys())
def test_what_is_wrong_is_refused_by_a_sentence(written: Any, said: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        members_of([1], chosen=read_filter(written))
    assert said in str(refused.value)
    assert refused.value.remedy


def test_records_of_a_model_by_the_fields_it_offers(audience: Any) -> None:
    with audience.app.write() as session:
        session.add(Team(name="Support"))
        session.add_all(
            [
                Ticket(name="Door", customer="ann@example.com", state=TicketState.SOLVED),
                Ticket(name="Window", customer="bob@example.com"),
                Ticket(name="Roof", customer="", state=TicketState.SOLVED),
            ]
        )
    model = audience.app.thread_models["helpdesk.ticket"]
    with audience.app.read() as session:
        chosen = records_of(model, chosen=read_filter(condition("state", "=", "solved")))
        assert session.execute(chosen).all() == [(1, "ann@example.com", "Door")]
        chosen = records_of(model, chosen=read_filter(condition("customer", "ends with", "example.com")))
        assert [row.id for row in session.execute(chosen)] == [1, 2]
    with pytest.raises(ConfigurationError, match="There is no field 'cc'"):
        records_of(model, chosen=read_filter(condition("cc", "=", "x")))
