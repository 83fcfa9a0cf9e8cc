"""Accounts as people keep them: add, edit, enable, disable, archive, and what a test changes.

Settings are checked by the model of the account's kind before anything is stored; an error names the field. Secrets are sealed apart and never
come out of here but inside an `Account` value.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from mailloom.api.accounts import WHERE_SECRETS_GO, Account, AccountSettings, ChecksSettings, OutgoingSettings
from mailloom.api.receiving import SourceKind
from mailloom.api.sending import TransportKind
from mailloom.errors import ConfigurationError, NotFound, Refused, SecretUnreadable
from mailloom.flow.account_uses import uses_of
from mailloom.flow.account_values import (
    account_value,
    opened_secrets,
    sealed_secrets,
    secret_fields,
    stored_settings,
    validated,
)
from mailloom.flow.alarms import close_alarms
from mailloom.flow.health import subject_of
from mailloom.mail.address import normalise, parse_addresses
from mailloom.store.accounts import AccountRow, AccountState, Direction
from mailloom.store.secrets import Keys

_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")

Kind = TransportKind | SourceKind


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownKind:
    """A kind that an account can have now."""

    direction: Direction
    kind: Kind


class Accounts:
    """`transports` and `sources` give the kinds of the addons at work. Every method takes the caller's session; the caller commits."""

    def __init__(
        self,
        transports: Callable[[], Mapping[str, TransportKind]],
        sources: Callable[[], Mapping[str, SourceKind]],
        keys: Keys,
        clock: Callable[[], datetime],
    ) -> None:
        self.transports = transports
        self.sources = sources
        self.keys = keys
        self.clock = clock

    def kinds(self) -> list[KnownKind]:
        """Outgoing ones first, by name."""
        outgoing = [KnownKind(direction=Direction.OUTGOING, kind=kind) for kind in self.transports().values()]
        incoming = [KnownKind(direction=Direction.INCOMING, kind=kind) for kind in self.sources().values()]
        return [*sorted(outgoing, key=_kind_name), *sorted(incoming, key=_kind_name)]

    def kind(self, name: str, direction: Direction | None = None) -> KnownKind:
        """The kind of that name; ConfigurationError when there is none, or both an outgoing and an incoming one and `direction` is None."""
        found = [each for each in self.kinds() if each.kind.name == name and direction in (None, each.direction)]
        if not found:
            known = ", ".join(f"{each.kind.name} ({each.direction})" for each in self.kinds()) or "none"
            raise ConfigurationError(
                f"There is no kind of account {name!r}.", remedy=f"Kinds: {known}. `mailloom addons install` adds more."
            )
        if len(found) > 1:
            raise ConfigurationError(f"{name} can send and receive.", remedy="Add --direction outgoing or incoming.")
        return found[0]

    def find(self, session: Session, name: str) -> AccountRow:
        row = session.scalar(select(AccountRow).where(AccountRow.name == name))
        if row is None:
            raise NotFound(f"There is no account {name!r}.", remedy="`mailloom accounts list` shows them all.")
        return row

    def all(self, session: Session, *, archived: bool = False) -> Sequence[AccountRow]:
        """By direction, sequence and name."""
        chosen = select(AccountRow).order_by(AccountRow.direction.desc(), AccountRow.sequence, AccountRow.name)
        return session.scalars(chosen if archived else chosen.where(AccountRow.archived.is_(False))).all()

    def value(self, row: AccountRow) -> Account[Any]:
        """The account as its kind sees it, secrets readable."""
        return account_value(row, self._model(row), self.keys)

    def add(
        self,
        session: Session,
        name: str,
        kind: str,
        values: Mapping[str, Any],
        *,
        direction: Direction | None = None,
        sequence: int = 10,
    ) -> AccountRow:
        """A new account, a draft until a test has passed."""
        _check_name(session, name)
        known = self.kind(kind, direction)
        settings = _settings(known.kind, values, f"account {name}", session)
        row = AccountRow(
            name=name,
            kind=kind,
            direction=known.direction,
            sequence=sequence,
            settings=stored_settings(settings),
            secrets=sealed_secrets(settings, self.keys),
            created_at=self.clock(),
        )
        session.add(row)
        session.flush()
        return row

    def edit(
        self,
        session: Session,
        name: str,
        values: Mapping[str, Any],
        *,
        sequence: int | None = None,
        new_name: str | None = None,
        secrets_move: bool = False,
    ) -> AccountRow:
        """Change some fields; '' or None puts a field back to the kind's default. The state stays: test it afterwards.

        `secrets_move`: the stored secrets may go to another server, because who asks could read them anyway."""
        row = self.find(session, name)
        if new_name is not None and new_name != name:
            _check_name(session, new_name)
            row.name = new_name
        if values:
            secrets = opened_secrets(row, self.keys)
            kind = self.kind(row.kind, row.direction).kind
            settings = _settings(kind, {**row.settings, **secrets, **values}, f"account {row.name}", session)
            if not secrets_move:
                _check_secrets_stay(row, settings, sorted(set(secrets) - set(values)))
            row.settings = stored_settings(settings)
            row.secrets = sealed_secrets(settings, self.keys)
        if sequence is not None:
            row.sequence = sequence
        # What was wrong may be mended by this: try at once, not after the rest that was imposed.
        row.next_attempt_at = None
        session.flush()
        return row

    def enable(self, session: Session, name: str) -> AccountRow:
        """Back to work, from paused, failing or archived; an account that never passed a test stays a draft."""
        row = self.find(session, name)
        row.archived = False
        if row.last_success_at is None:
            row.state, row.paused_reason = AccountState.DRAFT, ""
            return row
        self._clear(session, row)
        row.state = AccountState.CONFIRMED
        return row

    def disable(self, session: Session, name: str, reason: str = "Stopped by hand.") -> AccountRow:
        """Pause: nothing is sent or fetched, what is queued waits."""
        row = self.find(session, name)
        row.state, row.paused_reason = AccountState.PAUSED, reason
        return row

    def archive(self, session: Session, name: str) -> AccountRow:
        """Out of sight and out of use, with its history kept; Refused while it is used, naming by what."""
        row = self.find(session, name)
        if uses := uses_of(session, row.id):
            raise Refused(
                f"Account {name} is used by {', '.join(uses)}.",
                remedy="Let them be sent or cancel them, give the rest another account, then archive it.",
            )
        row.archived = True
        close_alarms(session, subject_of(row), self.clock())
        return row

    def tested(self, session: Session, name: str, *, passed: bool, words: str = "") -> AccountRow:
        """What a test means: a passed one confirms a draft and ends a failure; a failed one is only noted."""
        row, now = self.find(session, name), self.clock()
        if not passed:
            row.last_error_at, row.last_error = now, words
            return row
        row.last_success_at = now
        if row.state is AccountState.PAUSED and row.first_error_at is None:
            return row  # a person stopped it; a person starts it again
        self._clear(session, row)
        row.state = AccountState.CONFIRMED
        return row

    def _clear(self, session: Session, row: AccountRow) -> None:
        row.error_count, row.next_attempt_at, row.alarmed_at, row.paused_reason = 0, None, None, ""
        row.first_error_at, row.first_error, row.last_error_at, row.last_error = None, "", None, ""
        close_alarms(session, subject_of(row), self.clock())

    def _model(self, row: AccountRow) -> type[AccountSettings]:
        model: type[AccountSettings] = self.kind(row.kind, row.direction).kind.settings
        return model


def shown_settings(row: AccountRow, model: type[AccountSettings], keys: Keys) -> dict[str, Any]:
    """All fields with their values; of a secret only whether it is set."""
    secret = secret_fields(model)
    present = _present_secrets(row, secret, keys)
    values = {
        **{name: field.get_default(call_default_factory=True) for name, field in model.model_fields.items()},
        **row.settings,
    }
    return {name: present.get(name) if name in secret else values.get(name) for name in model.model_fields}


def _present_secrets(row: AccountRow, names: Sequence[str], keys: Keys) -> dict[str, str]:
    """A mark for each secret field that has a value; where the key is lost nobody can tell which they are."""
    try:
        return dict.fromkeys(opened_secrets(row, keys), "(set)")
    except SecretUnreadable:
        return dict.fromkeys(names, "(unreadable)")


def typed(model: type[AccountSettings], values: Mapping[str, Any]) -> dict[str, Any]:
    """Values as people write them: '' means the default, commas separate the entries of a list."""
    result: dict[str, Any] = {}
    for name, value in values.items():
        field = model.model_fields.get(name)
        if isinstance(value, str) and field is not None and "list" in str(field.annotation):
            result[name] = [entry.strip() for entry in value.split(",") if entry.strip()]
        elif value is None or value == "":
            continue
        else:
            result[name] = value
    return result


def _settings(kind: Kind, values: Mapping[str, Any], where: str, session: Session) -> AccountSettings:
    settings = validated(kind.settings, typed(kind.settings, values), where)
    if isinstance(settings, OutgoingSettings):
        _check_addresses(settings, where)
    if isinstance(kind, ChecksSettings):
        kind.check_settings(settings, session)
    return settings


def _check_secrets_stay(row: AccountRow, settings: AccountSettings, kept: Sequence[str]) -> None:
    """Whoever may change accounts may not read their secrets, so they may not send them to a server of their own either."""
    now = stored_settings(settings)
    moved = [name for name in WHERE_SECRETS_GO if now.get(name) != row.settings.get(name)]
    if moved and kept:
        raise ConfigurationError(
            f"The settings of account {row.name} do not fit: {kept[0]}: it was given for another {moved[0]}.",
            remedy=f"Enter it again: {', '.join(kept)}.",
        )


def _check_addresses(settings: OutgoingSettings, where: str) -> None:
    default = parse_addresses(settings.default_from)
    if settings.default_from and not (len(default) == 1 and normalise(default[0].address)):
        raise ConfigurationError(f"The settings of {where} do not fit: default_from: it is not one mail address.")
    if settings.envelope_sender and not normalise(settings.envelope_sender):
        raise ConfigurationError(f"The settings of {where} do not fit: envelope_sender: it is not a mail address.")
    for entry in settings.from_filter:
        if not normalise(entry if "@" in entry.lstrip("@") else f"x@{entry.lstrip('@')}"):
            raise ConfigurationError(
                f"The settings of {where} do not fit: from_filter: {entry!r} is neither an address nor a domain."
            )


def is_account_name(name: str) -> bool:
    return _NAME.fullmatch(name) is not None


def _check_name(session: Session, name: str) -> None:
    if not is_account_name(name):
        raise ConfigurationError(
            f"{name!r} cannot name an account.", remedy="Use a-z, 0-9, dots, hyphens and underscores, at most 64."
        )
    if session.scalar(select(AccountRow.id).where(AccountRow.name == name)) is not None:
        raise Refused(f"There is an account {name} already.", remedy="Choose another name, or edit that one.")


def _kind_name(known: KnownKind) -> str:
    return known.kind.name
