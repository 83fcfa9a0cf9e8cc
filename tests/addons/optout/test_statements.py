"""What is said on which topic, how it counts, who is told, and that asking about many is cheap."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import event, select

from mailloom.addons.optout.asking import not_out, who_is_out
from mailloom.addons.optout.models import Answer, Source
from mailloom.addons.optout.statements import opt_in_again, opt_out
from mailloom.errors import ConfigurationError
from mailloom.store.contacts import Contact, ContactAddress

ANN = "ann@example.com"

# What was said, in order: (yes or no, topic) → the topics on which she is out.
SAID = [
    pytest.param([], set(), id="nothing"),
    pytest.param([("no", "")], {"", "list:7", "list:8"}, id="no to everything"),
    pytest.param([("no", "list:7")], {"list:7"}, id="no to one list"),
    pytest.param([("no", ""), ("yes", "")], set(), id="taken back"),
    pytest.param([("no", "list:7"), ("yes", "list:7")], set(), id="taken back for the list"),
    pytest.param([("no", ""), ("yes", "list:7")], {"", "list:8"}, id="everything but one list"),
    pytest.param([("no", ""), ("yes", "list:7"), ("no", "list:7")], {"", "list:7", "list:8"}, id="not that one either"),
    pytest.param([("no", ""), ("yes", "list:7"), ("no", "")], {"", "list:8", "list:7"}, id="everything, said again"),
    pytest.param([("no", "list:7"), ("no", ""), ("yes", "")], {"list:7"}, id="everything taken back, the list not"),
    pytest.param([("yes", "list:7"), ("no", "")], {"", "list:7", "list:8"}, id="the newest word counts"),
]


@pytest.mark.parametrize(("said", "out"), SAID)
def test_the_newest_word_on_a_topic_and_on_everything_counts(house, said, out):
    with house.app.write() as session:
        session.add(Contact(created_at=house.clock(), addresses=[ContactAddress(key=ANN, address=ANN)]))
        for answer, topic in said:
            if answer == "no":
                opt_out(session, ANN, topic=topic, source=Source.PAGE)
            else:
                opt_in_again(session, ANN, topic=topic, source=Source.PAGE)
        for topic in ("", "list:7", "list:8"):
            assert who_is_out(session, [ANN, "bob@example.com"], topic) == ({ANN} if topic in out else set())
            left = select(ContactAddress.key).where(not_out(ContactAddress.key, topic))
            assert list(session.scalars(left)) == ([] if topic in out else [ANN])


def test_a_no_is_written_and_told_once_with_its_evidence(house):
    more = {"reason": "too many", "evidence": {"client": "192.0.2.1", "empty": ""}, "mailing": "mailing:12"}
    assert house.no("Ann@Example.COM", "list:7", Source.ONE_CLICK, **more)
    assert not house.no(ANN, "list:7", Source.PAGE)
    [said] = house.said()
    assert (said.key, said.topic, said.answer, said.source) == (ANN, "list:7", Answer.NO, Source.ONE_CLICK)
    assert (said.reason, said.evidence, said.mailing) == ("too many", {"client": "192.0.2.1"}, "mailing:12")
    assert said.since == house.clock()
    assert house.told == [("out", ANN, "list:7", "one-click")]


def test_what_was_taken_back_stays_as_evidence(house):
    house.no()
    with house.app.write() as session:
        assert opt_in_again(session, ANN, source=Source.API)
    house.no(source=Source.PAGE)
    first, second = house.said()
    assert (first.ended_at, first.ended_by) == (house.clock(), "api")
    assert (second.ended_at, second.source) == (None, Source.PAGE)
    assert [one[0] for one in house.told] == ["out", "in", "out"]


@pytest.mark.parametrize(
    "values",
    [
        pytest.param({"address": "ann"}, id="no address"),
        pytest.param({"address": "x" * 400 + "@example.com"}, id="endless address"),
        pytest.param({"topic": "x" * 65}, id="endless topic"),
        pytest.param({"topic": "list\r\nBcc: x"}, id="line end in the topic"),
    ],
)
def test_what_is_no_address_or_topic_is_refused_with_a_sentence(house, values):
    with pytest.raises(ConfigurationError):
        house.no(**values)


def test_hostile_words_are_kept_within_bounds(house):
    house.no(
        reason="\0\ud800" + "x" * 9000, evidence={f"n{n}\0" * 50: "y\0" * 5000 for n in range(100)}, mailing="z" * 99
    )
    [said] = house.said()
    assert len(said.reason) == 2000
    assert len(said.evidence) == 20
    assert max(map(len, said.evidence.values())) == 500
    assert len(said.mailing) == 64


@contextmanager
def counted(house) -> Iterator[list[str]]:
    statements: list[str] = []
    engine = house.app.database.engine

    def note(connection, cursor, statement, *rest):
        statements.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    yield statements
    event.remove(engine, "before_cursor_execute", note)


def test_asking_about_many_takes_a_statement_for_each_five_hundred(house):
    house.no("u7@example.com")
    keys = [f"u{number}@example.com" for number in range(1500)]
    with house.app.read() as session, counted(house) as statements:
        assert who_is_out(session, keys, "list:7") == {"u7@example.com"}
    assert len([one for one in statements if "SELECT" in one]) == 4  # and one that sees that nobody was erased
