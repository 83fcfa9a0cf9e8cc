"""While one batch is committed the next one is fetched: in what order, on which threads, and what a fault leaves."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence

import pytest

from mailloom.api.receiving import Cursor, Fetched
from mailloom.errors import MailloomError, TemporaryFailure
from mailloom.flow.fetched_batches import batches, kept_meanwhile


def mail(number: int) -> Fetched:
    cursor = Cursor(folder="INBOX", text=str(number))
    return Fetched(cursor=cursor, position=cursor, raw=b"%d" % number)


def numbers(batch: Sequence[Fetched]) -> list[int]:
    return [int(one.raw) for one in batch]


def tell(kept: Iterator[tuple[Sequence[Fetched], list[int]]], told: list[int]) -> None:
    for _, ids in kept:
        told += ids


def test_every_batch_comes_out_in_order_with_what_keeping_gave_for_it() -> None:
    found = list(kept_meanwhile(iter([[mail(1), mail(2)], [mail(3)]]), numbers))
    assert [(numbers(batch), ids) for batch, ids in found] == [([1, 2], [1, 2]), ([3], [3])]


def test_the_next_batch_is_fetched_while_one_is_kept() -> None:
    fetched_two = threading.Event()

    def server() -> Iterator[list[Fetched]]:
        yield [mail(1)]
        fetched_two.set()
        yield [mail(2)]

    def keep(batch: Sequence[Fetched]) -> list[int]:
        assert fetched_two.wait(10), "the second batch was not fetched before the first one was kept"
        return numbers(batch)

    assert [ids for _, ids in kept_meanwhile(server(), keep)] == [[1], [2]]


def test_the_source_stays_on_the_thread_of_who_asks_and_nothing_is_kept_while_he_has_a_batch() -> None:
    here, asked_on = threading.get_ident(), []
    keeping = threading.Lock()

    def server() -> Iterator[list[Fetched]]:
        for number in range(5):
            asked_on.append(threading.get_ident())
            yield [mail(number)]

    def keep(batch: Sequence[Fetched]) -> list[int]:
        with keeping:
            return numbers(batch)

    for _ in kept_meanwhile(server(), keep):
        assert not keeping.locked()
    assert set(asked_on) == {here}


@pytest.mark.parametrize(
    "fault", [TemporaryFailure("The line broke."), ValueError("a fault of the addon")], ids=["server", "addon"]
)
def test_what_came_before_a_fault_is_kept_and_told_before_the_fault_is(fault: Exception) -> None:
    def server() -> Iterator[list[Fetched]]:
        yield [mail(1)]
        raise fault

    told: list[int] = []
    with pytest.raises(type(fault)):
        tell(kept_meanwhile(server(), numbers), told)
    assert told == [1]


def test_when_a_batch_cannot_be_kept_nothing_after_it_is() -> None:
    kept: list[int] = []

    def keep(batch: Sequence[Fetched]) -> list[int]:
        if numbers(batch) == [2]:
            raise TemporaryFailure("The database is away.")
        kept.extend(numbers(batch))
        return numbers(batch)

    with pytest.raises(MailloomError, match="away"):
        list(kept_meanwhile(iter([[mail(1)], [mail(2)], [mail(3)]]), keep))
    assert kept == [1]


def test_who_stops_after_a_batch_leaves_the_next_one_on_its_server() -> None:
    kept: list[int] = []

    def keep(batch: Sequence[Fetched]) -> list[int]:
        kept.extend(numbers(batch))
        return numbers(batch)

    found = kept_meanwhile(iter([[mail(1)], [mail(2)]]), keep)
    next(found)
    found.close()
    assert kept == [1]


def test_a_fault_in_the_middle_of_a_batch_does_not_cost_what_came_before() -> None:
    def server() -> Iterator[Fetched]:
        yield mail(1)
        raise TemporaryFailure("The line broke.")

    told: list[int] = []
    with pytest.raises(TemporaryFailure):
        tell(kept_meanwhile(batches(server()), numbers), told)
    assert told == [1]
