"""Import: what a preview says is what the run does, row by row; whoever said no stays off, whatever the file says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from mailloom.addons.audience import importing
from mailloom.addons.audience.columns import columns_of
from mailloom.addons.audience.importing import Wish, imported, preview, results, run
from mailloom.addons.audience.lists import archive, list_named
from mailloom.addons.audience.models import Consent, Import, ImportState, Member, State, Subscription, Verdict
from mailloom.addons.audience.subscribing import unsubscribe
from mailloom.addons.bounce.models import Scope
from mailloom.addons.bounce.suppressing import suppress_address
from mailloom.addons.optout.erasure import erase
from mailloom.addons.optout.models import Source
from mailloom.addons.optout.statements import opt_out
from mailloom.errors import ConfigurationError, Refused
from mailloom.flow.contacts import add_contact

FILE = """E-Mail;Vorname;Nachname;Ort;Kunde seit;Sprache
new@example.com;Nora;Neu;Wien;2020;de
same@example.com;;;;;
changed@example.com;;;Graz;;
NEW@Example.com;Nora;;;;
nonsense;;;;;
;Nobody;;;;
left@example.com;;;;;
out@example.com;;;;;
everything@example.com;;;;;
dead@example.com;;;;;
gone@example.com;;;;;
pending@example.com;;;;;
bad@example.com;;;;;not a language
"""
EXPECTED = {
    "new@example.com": (Verdict.NEW, State.SUBSCRIBED),
    "same@example.com": (Verdict.UNCHANGED, State.SUBSCRIBED),
    "changed@example.com": (Verdict.UPDATED, State.SUBSCRIBED),
    "NEW@Example.com": (Verdict.DUPLICATE, None),
    "nonsense": (Verdict.INVALID, None),
    "": (Verdict.INVALID, None),
    "left@example.com": (Verdict.OPTED_OUT, State.UNSUBSCRIBED),
    "out@example.com": (Verdict.OPTED_OUT, None),
    "everything@example.com": (Verdict.OPTED_OUT, None),
    "dead@example.com": (Verdict.SUPPRESSED, None),
    "gone@example.com": (Verdict.ERASED, None),
    "pending@example.com": (Verdict.NEW, State.SUBSCRIBED),
    "bad@example.com": (Verdict.INVALID, None),
}


@pytest.fixture
def prepared(audience: Any) -> Any:
    """Somebody of each sort."""
    audience.make_list()
    for address in ("same@example.com", "changed@example.com", "left@example.com"):
        audience.subscribe(address)
    audience.subscribe("pending@example.com", consent=Consent.FORM)
    with audience.app.write() as session:
        now = audience.clock()
        unsubscribe(session, list_named(session, "news"), "left@example.com", source="admin")
        opt_out(session, "out@example.com", topic="list:1", source=Source.PAGE)
        opt_out(session, "everything@example.com", source=Source.PAGE)
        suppress_address(session, "dead@example.com", scope=Scope.ALL, reason="gone", by="test", now=now)
        erase(session, "gone@example.com")
        add_contact(session, "new@example.com", name="Known", now=now)
    return audience


@pytest.fixture
def wish(tmp_path: Path) -> Wish:
    path = tmp_path / "people.csv"
    path.write_text(FILE)
    return Wish(path=path, list_id=1)


def counted(expected: Mapping[str, tuple[Verdict, State | None]]) -> dict[str, int]:
    verdicts = [verdict.value for verdict, _ in expected.values()]
    return {verdict: verdicts.count(verdict) for verdict in verdicts}


def rows_of(audience: Any, number: int) -> list[tuple[int, str, Verdict]]:
    with audience.app.read() as session:
        return [(row.row, row.address, row.verdict) for row in results(session, number)]


def test_the_preview_tells_what_the_run_does_and_changes_nothing(prepared: Any, wish: Wish) -> None:
    before = [prepared.state(address.lower()) for address in EXPECTED]
    seen = preview(prepared.app, wish)
    assert [prepared.state(address.lower()) for address in EXPECTED] == before
    assert {verdict.value: count for verdict, count in seen.counts.items()} == counted(EXPECTED)
    assert seen.first[Verdict.UPDATED][0].reason == "Changes attributes."
    assert seen.columns["email"] == "E-Mail"
    number = run(prepared.app, wish)
    with prepared.app.read() as session:
        done = imported(session, number)
    assert (done.state, done.counts) == (ImportState.DONE, counted(EXPECTED))
    assert [(address, verdict) for _, address, verdict in rows_of(prepared, number)] == [
        (address.lower(), verdict) for address, (verdict, _) in EXPECTED.items()
    ]
    for address, (_, state) in EXPECTED.items():
        if state is not None:
            assert prepared.state(address) is state, address
    for address in ("out@example.com", "everything@example.com", "dead@example.com", "gone@example.com"):
        assert prepared.state(address) is None


def test_what_is_kept_of_a_row(prepared: Any, wish: Wish) -> None:
    run(prepared.app, replace(wish, agreed="paper form", by="ann"))
    member = prepared.member("new@example.com")
    assert (member.name, member.language, member.source) == ("Nora Neu", "de", Consent.IMPORT)
    assert member.contact_id is not None
    assert member.attributes == {"ort": "Wien", "kunde_seit": 2020, "first_name": "Nora", "last_name": "Neu"}
    assert prepared.member("changed@example.com").attributes == {"ort": "Graz"}
    with prepared.app.read() as session:
        kept = session.get_one(Subscription, (1, member.id))
    assert (kept.consent, kept.since) == (Consent.IMPORT, prepared.clock())
    assert kept.evidence == {"file": "people.csv", "import": "1", "by": "ann", "agreed": "paper form", "row": "1"}
    assert prepared.history("new@example.com") == ["subscribed"]
    assert prepared.history("pending@example.com") == ["asked", "subscribed"]


def test_once_more_changes_nothing(prepared: Any, wish: Wish) -> None:
    run(prepared.app, wish)
    with prepared.app.read() as session:
        people = session.scalar(select(func.count()).select_from(Member))
    again = run(prepared.app, wish)
    with prepared.app.read() as session:
        counts = imported(session, again).counts
        assert session.scalar(select(func.count()).select_from(Member)) == people
    assert (counts.get("new", 0), counts.get("updated", 0), counts["unchanged"]) == (0, 0, 4)
    assert prepared.history("new@example.com") == ["subscribed"]


class Killed(BaseException):
    """As a process that ends."""


def test_a_run_that_was_killed_goes_on_where_it_was(prepared: Any, tmp_path: Path) -> None:
    path = tmp_path / "many.csv"
    people = [f"p{number}@example.com" for number in range(2 * importing.BATCH + 10)]
    # A person of the first batch comes again in the last one.
    path.write_text("email\n" + "\n".join([*people, people[0]]) + "\n")
    wish = Wish(path=path, list_id=1)
    told = 0

    def kill(rows: int) -> None:
        nonlocal told
        told += rows
        raise Killed

    with pytest.raises(Killed):
        run(prepared.app, wish, kill)
    with prepared.app.read() as session:
        left = session.scalars(select(Import)).one()
    assert (left.state, left.next_row, told) == (ImportState.RUNNING, importing.BATCH + 1, importing.BATCH)
    assert run(prepared.app, wish) == left.id
    with prepared.app.read() as session:
        done = imported(session, left.id)
    assert (done.state, done.counts) == (ImportState.DONE, {"new": len(people), "duplicate": 1})
    assert [row for row, _, _ in rows_of(prepared, left.id)] == list(range(1, len(people) + 2))


def test_a_fault_of_the_file_in_the_middle_keeps_what_was_done_and_says_where(prepared: Any, tmp_path: Path) -> None:
    path = tmp_path / "broken.csv"
    lines = [f"p{number}@example.com" for number in range(importing.BATCH)]
    path.write_text("email,name\n" + ",\n".join(lines) + ',\nlast@example.com,"never closed\n' + "x" * 200_000)
    with pytest.raises(ConfigurationError, match=r"broken\.csv, line 1\d\d\d"):
        run(prepared.app, Wish(path=path, list_id=1))
    with prepared.app.read() as session:
        left = session.scalars(select(Import)).one()
    assert (left.state, left.counts) == (ImportState.FAILED, {"new": importing.BATCH})
    assert "line 1" in left.reason


def test_a_list_with_double_opt_in_wants_to_know_how_people_agreed(audience: Any, wish: Wish) -> None:
    audience.make_list(double_opt_in=True)
    with pytest.raises(Refused, match="a file cannot"):
        preview(audience.app, wish)
    assert preview(audience.app, replace(wish, agreed="paper form")).counts[Verdict.NEW] == 9
    with audience.app.write() as session:
        archive(session, list_named(session, "news"))
    with pytest.raises(Refused, match="archived"):
        run(audience.app, replace(wish, agreed="paper form"))


MAPPED: dict[str, tuple[str, dict[str, str], Sequence[str], dict[str, Any]]] = {
    "said by a person": ("A,B\nann@example.com,Wien\n", {"email": "A", "town": "B"}, [], {"town": "Wien"}),
    "ignored": ("email,B,C\nann@example.com,Wien,x\n", {}, ["C"], {"b": "Wien"}),
    "without a header": ("ann@example.com,Wien\n", {"email": "1"}, [], {"column_2": "Wien"}),
    "odd titles": (
        "email,Straße & Nr.,1st,Name?\nann@example.com,a,b,c\n",
        {},
        [],
        {"strasse_nr": "a", "column_3": "b"},
    ),
    "numbers as we would write them": (
        "email,a,b,c,d,e,f\nann@example.com,1,007,1.5,1.50,-0,1e5\n",
        {},
        [],
        {"a": 1, "b": "007", "c": 1.5, "d": "1.50", "e": "-0", "f": "1e5"},
    ),
}


def test_columns_are_guessed_or_said(audience: Any, tmp_path: Path) -> None:
    path = tmp_path / "people.csv"
    for number, (name, (text, said, ignored, attributes)) in enumerate(MAPPED.items(), start=1):
        audience.make_list(f"list-{number}")
        person = f"p{number}@example.com"
        path.write_text(text.replace("ann@example.com", person))
        run(audience.app, Wish(path=path, list_id=number, said=said, ignored=ignored))
        assert audience.member(person).attributes == attributes, name


UNMAPPABLE: dict[str, tuple[dict[str, str], str]] = {
    "unknown": ({"email": "Nope"}, "There is no column 'Nope'"),
    "no name for an attribute": ({"email": "Who", "Bad Name": "What"}, "neither a field nor a name"),
    "nothing to guess by": ({}, "No column looks like the e-mail address"),
}


@pytest.mark.parametrize(("said", "fault"), UNMAPPABLE.values(), ids=UNMAPPABLE.keys())
def test_what_cannot_be_mapped_is_said(said: dict[str, str], fault: str) -> None:
    with pytest.raises(ConfigurationError, match=fault):
        columns_of(["Who", "What"], said)
