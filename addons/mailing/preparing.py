"""From the target to the ledger: everybody who was found gets a row, also who gets no mail, and the row says why.

Read a page at a time; a page, its rows and the place where it ends are one transaction, so it can be broken off anywhere and adds nobody twice.
Who is left out is asked in this order: suppressed, no address, no valid address, opted out, already in the ledger.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import CursorResult, insert, select, update
from sqlalchemy.orm import Session

from mailloom.addons.bounce import suppressing
from mailloom.addons.bounce.settings import BounceSettings
from mailloom.api import Denial, Office, Purpose
from mailloom.mail.address import normalise

from .among import among
from .counting import Tally
from .drafting import variants_of
from .models import LedgerRow, Mailing, MailingState, Standing
from .targets import Candidate, page_of, read_target

PAGE = 2000
_LONGEST_ADDRESS = 320
_LONGEST_NAME = 255
_OPTED_OUT = "opted out"


def prepare_page(session: Session, office: Office, mailing_id: int, now: datetime) -> bool:
    """Add the next page to the ledger; False when nothing is left to add, or somebody else adds it. The caller commits."""
    mailing = session.get_one(Mailing, mailing_id)
    if mailing.prepared_at is not None:
        return False
    before = mailing.cursor
    page = page_of(session, office, read_target(mailing.target), before, PAGE)
    if not _advanced(session, mailing_id, before, page.cursor, now):
        return False
    rows = _judged(session, office, mailing, page.candidates, now)
    if rows:
        session.execute(insert(LedgerRow.__table__), rows)  # type: ignore[arg-type]  # declared as FromClause, is a Table
    _count(session, mailing_id, rows)
    return page.cursor is not None


def denials_of(session: Session, office: Office, mailing: Mailing, keys: Sequence[str]) -> Mapping[str, Denial]:
    """Who may not be written to; of somebody for whom there are several reasons, the suppression."""
    settings = office.settings("bounce")
    assert isinstance(settings, BounceSettings)
    denied = office.denials(session, keys, Purpose.MARKETING, mailing.topic)
    return {**denied, **suppressing.denials(session, keys, Purpose.MARKETING, settings)} if denied else {}


def standing_of(denial: Denial) -> Standing:
    """The state of somebody who may not be written to."""
    return Standing.OPTED_OUT if denial.state == _OPTED_OUT else Standing.SUPPRESSED


def _advanced(session: Session, mailing_id: int, before: str, after: str | None, now: datetime) -> bool:
    """Whether this worker is the one that moved the cursor, of a mailing that nobody stopped meanwhile."""
    statement = update(Mailing).where(
        Mailing.id == mailing_id,
        Mailing.state == MailingState.SENDING,
        Mailing.cursor == before,
        Mailing.prepared_at.is_(None),
    )
    values: dict[str, Any] = {"cursor": after} if after is not None else {"prepared_at": now}
    done = session.execute(statement.values(values), execution_options={"synchronize_session": "fetch"})
    return isinstance(done, CursorResult) and done.rowcount == 1


def _judged(
    session: Session, office: Office, mailing: Mailing, candidates: Sequence[Candidate], now: datetime
) -> list[dict[str, Any]]:
    keys = [normalise(candidate.address) for candidate in candidates]
    wanted = sorted({key for key in keys if key})
    denied = denials_of(session, office, mailing, wanted)
    known = _known(session, mailing.id, wanted)
    labels = [variant.label for variant in variants_of(session, mailing.id)]
    rows = []
    for candidate, key in zip(candidates, keys, strict=True):
        state, reason = _verdict(candidate, key, denied, known)
        rows.append(
            {
                "mailing_id": mailing.id,
                # The first row of an address has it, whatever its state: a second one must not be written to either.
                "key": key if key and len(key) <= _LONGEST_ADDRESS and key not in known else None,
                "address": candidate.address[:_LONGEST_ADDRESS],
                "domain": key.rpartition("@")[2][:255],
                "name": _printable(candidate.name)[:_LONGEST_NAME],
                "values": dict(candidate.values) if state is Standing.PENDING else {},
                "source": candidate.source,
                "label": _label(mailing, key, labels),
                "state": state,
                "reason": reason,
                "settled_at": None,
            }
        )
        known.add(key)
    return rows


def _verdict(candidate: Candidate, key: str, denied: Mapping[str, Denial], known: set[str]) -> tuple[Standing, str]:
    denial = denied.get(key)
    if denial is not None and standing_of(denial) is Standing.SUPPRESSED:
        return Standing.SUPPRESSED, denial.reason
    if not candidate.address.strip():
        return Standing.MISSING, "there is no address"
    if not key or not candidate.address.isprintable() or max(len(key), len(candidate.address)) > _LONGEST_ADDRESS:
        return Standing.INVALID, f"{candidate.address[:80]!r} is not a mail address"
    if denial is not None:
        return Standing.OPTED_OUT, denial.reason
    if key in known:
        return Standing.DUPLICATE, "another row of this mailing has the address"
    return Standing.PENDING, ""


def _known(session: Session, mailing_id: int, keys: Sequence[str]) -> set[str]:
    chosen = select(LedgerRow.key).where(LedgerRow.mailing_id == mailing_id, among(session, LedgerRow.key, keys))
    return {key for key in session.scalars(chosen) if key is not None}


def _label(mailing: Mailing, key: str, labels: Sequence[str]) -> str:
    """By the address alone, so that it does not depend on when and in how many pieces the target was read."""
    drawn = zlib.crc32(f"{mailing.id} {key}".encode("utf-8", "replace"))
    if len(labels) > 1 and mailing.sample_percent < 100 and drawn % 100 >= mailing.sample_percent:
        return mailing.winner
    return labels[drawn // 100 % len(labels)]


def _printable(name: str) -> str:
    """A name that can stand in a header line."""
    return " ".join("".join(letter if letter.isprintable() else " " for letter in name).split())


def _count(session: Session, mailing_id: int, rows: Sequence[Mapping[str, Any]]) -> None:
    tally = Tally()
    for row in rows:
        tally.moved(mailing_id, None, row["state"])
        if row["state"] is Standing.PENDING:
            tally.add(mailing_id, "variant", row["label"], "recipients")
    tally.add(mailing_id, "all", "", "recipients", len(rows))
    tally.write(session)
