"""What each row of an import means, before anything is changed: the preview and the run ask the same judge.

A no weighs more than a file: who opted out, left the list, was erased or is suppressed stays as he is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import select
from sqlalchemy.orm import Session

from mailloom.errors import MailloomError

from . import objections
from .columns import Columns
from .models import AudienceList, Member, State, Subscription, Verdict
from .objections import AT_ONCE
from .people import Person, changes_to, checked, key_of
from .tables import Row

_SHOWN_ADDRESS = 320


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """One row; `address` is normalised, or as it stood there if it is none.

    `member_id` None: nobody has the address yet. `changes` are the columns of the member that become different.
    """

    number: int
    address: str
    verdict: Verdict
    reason: str = ""
    key: str = ""
    person: Person | None = None
    member_id: int | None = None
    known_subscription: bool = False
    changes: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Known:
    """What the database says of the addresses of one batch."""

    members: Mapping[str, Mapping[str, object]]
    states: Mapping[int, State]
    left: set[int]
    """Members who left the list, and have not confirmed otherwise since."""
    erased: set[str]
    opted_out: set[str]
    suppressed: set[str]


class Judge:
    """For one list and one file; remembers the addresses that it has seen."""

    def __init__(self, list_id: int, topic: str, columns: Columns) -> None:
        self._list_id = list_id
        self._topic = topic
        self._columns = columns
        self._seen: set[str] = set()

    @classmethod
    def of(cls, to: AudienceList, columns: Columns) -> Judge:
        return cls(to.id, to.topic, columns)

    def judge(self, session: Session, rows: Sequence[tuple[int, Row]]) -> list[Judged]:
        """In order, in a handful of statements."""
        read = [self._read(number, row) for number, row in rows]
        known = self._look_up(session, [entry.key for entry in read if entry.person is not None])
        return [entry if entry.person is None else _weighed(entry, entry.person, known) for entry in read]

    def _read(self, number: int, row: Row) -> Judged:
        said = self._columns.person(row)
        if not said.address:
            return Judged(number=number, address="", verdict=Verdict.INVALID, reason="There is no address.")
        try:
            key = key_of(said.address)
            person = checked(said)
        except MailloomError as error:
            shown = _printable(said.address)
            return Judged(number=number, address=shown, verdict=Verdict.INVALID, reason=str(error)[:500])
        if key in self._seen:
            return Judged(
                number=number, address=key, verdict=Verdict.DUPLICATE, reason="The address stood further up already."
            )
        self._seen.add(key)
        return Judged(number=number, address=key, verdict=Verdict.NEW, key=key, person=person)

    def _look_up(self, session: Session, keys: Sequence[str]) -> _Known:
        members: dict[str, Mapping[str, object]] = {}
        states: dict[int, State] = {}
        left: set[int] = set()
        for start in range(0, len(keys), AT_ONCE):
            found = session.execute(_MEMBERS.where(Member.key.in_(keys[start : start + AT_ONCE]))).mappings().all()
            members.update((str(row["key"]), dict(row)) for row in found)
            chosen = select(Subscription.member_id, Subscription.state, Subscription.left_before).where(
                Subscription.list_id == self._list_id, Subscription.member_id.in_([row["id"] for row in found])
            )
            if found:
                for member_id, state, left_before in session.execute(chosen):
                    states[member_id] = state
                    left.update([member_id] if left_before else ())
        return _Known(
            members=members,
            states=states,
            left=left,
            erased=objections.erased(session, keys),
            opted_out=objections.opted_out(session, keys, self._topic),
            suppressed=objections.suppressed(session, keys),
        )


_MEMBERS = select(Member.id, Member.key, Member.name, Member.language, Member.time_zone, Member.attributes)


def _weighed(entry: Judged, person: Person, known: _Known) -> Judged:
    member = known.members.get(entry.key)
    number = member["id"] if member is not None else None
    assert number is None or isinstance(number, int)
    state = None if number is None else known.states.get(number)
    verdict, reason = _objection(entry.key, number, known)
    if verdict is not None:
        return Judged(number=entry.number, address=entry.address, verdict=verdict, reason=reason)
    changes = {} if member is None else changes_to(member, person)
    if state is State.SUBSCRIBED:
        verdict = Verdict.UPDATED if changes else Verdict.UNCHANGED
    return Judged(
        number=entry.number,
        address=entry.address,
        verdict=verdict or Verdict.NEW,
        reason=f"Changes {', '.join(changes)}." if verdict is Verdict.UPDATED else "",
        key=entry.key,
        person=person,
        member_id=number,
        known_subscription=state is not None,
        changes=changes,
    )


def _objection(key: str, member_id: int | None, known: _Known) -> tuple[Verdict | None, str]:
    if key in known.erased:
        return Verdict.ERASED, "The owner of the address wanted to be forgotten."
    if member_id in known.left:
        return Verdict.OPTED_OUT, "Left this list; only a sign-up of his or her own undoes that."
    if key in known.opted_out:
        return Verdict.OPTED_OUT, "Opted out; only a sign-up of his or her own undoes that."
    if key in known.suppressed:
        return Verdict.SUPPRESSED, "The address is on the suppression list."
    return None, ""


def _printable(address: str) -> str:
    return "".join(each if each.isprintable() else "?" for each in address[:_SHOWN_ADDRESS])
