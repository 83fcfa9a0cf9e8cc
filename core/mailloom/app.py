"""The composition root: settings → store → registry → flows. The only place that knows them all.

An `App` is the `Office` that addons see. It owns the clock; nothing below asks the time by itself.
"""

from __future__ import annotations

import base64
import hashlib
import os
from collections.abc import Callable, Mapping, Sequence, Set
from contextlib import AbstractContextManager
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel
from sqlalchemy import inspect, select
from sqlalchemy.orm import Session

from mailloom.api.accounts import Account
from mailloom.api.dns import ConfiguredResolver, Resolver
from mailloom.api.drafts import Draft, Enclosure, Queued
from mailloom.api.office import Received
from mailloom.api.receiving import Mailing, SourceKind
from mailloom.api.sending import TransportKind
from mailloom.api.settings import CoreSettings
from mailloom.api.threads import ThreadModel
from mailloom.desk import Desk
from mailloom.errors import ConfigurationError, NotFound
from mailloom.flow.account_values import account_value
from mailloom.flow.commenting import Comment, post
from mailloom.flow.contacts import contacts_of
from mailloom.flow.inbound import Inbound
from mailloom.flow.outbound import Outbound
from mailloom.flow.telling import tell_contact
from mailloom.flow.threads import open_thread, takes_part
from mailloom.mail.address import normalise
from mailloom.mail.token import Keyring
from mailloom.place import Place, place, utc_now
from mailloom.registry.registry import Registry
from mailloom.registry.templates import make_environment
from mailloom.store.accounts import AccountRow, Direction
from mailloom.store.contacts import Contact
from mailloom.store.database import Database
from mailloom.store.domains import all_domains
from mailloom.store.messages import Message, MessageKind
from mailloom.store.secrets import ENVIRONMENT_VARIABLE, Keys, create_keys, load_keys
from mailloom.store.threads import Thread, Threaded
from mailloom.store.types import Sealed


class App(Desk):
    """The running application. Safe to share between threads; `close` it at the end."""

    def __init__(self, where: Place, keys: Keys, *, clock: Callable[[], datetime] = utc_now) -> None:
        self.place = where
        self.data_folder = where.data_folder
        self.keys = keys
        self.now = clock
        self.resolver: Resolver = ConfiguredResolver(lambda: self.core_settings.name_servers)
        self.database = Database(where.database_url)
        self.database.session_info["office"] = self
        self.registry = Registry(self.database, keys, now=clock, addons_path=where.addons_path)
        self.environment = make_environment(self.registry, where.data_folder / "templates")
        self._rings: dict[str, Keyring] = {}
        self._settings: dict[tuple[int, str], BaseModel] = {}
        self.outbound = Outbound(
            _LiveHooks(self.registry), self.keyring, clock, organisation=lambda: self.core_settings.organisation
        )
        self.inbound = Inbound(self, self.database, self.registry, self.environment)

    def close(self) -> None:
        self.registry.stop()
        self.database.close()

    # --- what addons ask ---

    def read(self) -> AbstractContextManager[Session]:
        return self.database.read()

    def write(self) -> AbstractContextManager[Session]:
        return self.database.write()

    @property
    def thread_models(self) -> Mapping[str, ThreadModel]:
        return self.registry.thread_models

    @property
    def core_settings(self) -> CoreSettings:
        settings = self.settings("core")
        assert isinstance(settings, CoreSettings)
        return settings

    def settings(self, section: str) -> BaseModel:
        """As of the registry's version: `reload_if_changed` makes other processes' changes visible."""
        key = (self.registry.version, section)
        if key not in self._settings:
            self._settings = {old: value for old, value in self._settings.items() if old[0] == key[0]}
            self._settings[key] = self.registry.settings(section)
        return self._settings[key]

    def save_settings(self, section: str, values: Mapping[str, Any]) -> BaseModel:
        """Change settings; they hold at once in this process and after its next job in the others."""
        saved = self.registry.save_settings(section, values)
        self.registry.reload_if_changed()
        return saved

    def seal(self, text: str) -> Sealed:
        return self.keys.seal(text)

    def unseal(self, sealed: Sealed) -> str:
        return self.keys.open(sealed)

    def keyring(self, purpose: str) -> Keyring:
        if purpose not in self._rings:
            secrets = {_key_id(secret): secret for secret in self.keys.derive(purpose)}
            self._rings[purpose] = Keyring(current=next(iter(secrets)), secrets=secrets)
        return self._rings[purpose]

    def receive(
        self,
        raw: bytes,
        *,
        recipients: Sequence[str] | None = None,
        envelope_from: str | None = None,
        account: str | None = None,
        fallback: str | None = None,
    ) -> Received:
        mailing = Mailing(
            raw=raw,
            recipients=recipients,
            envelope_from=envelope_from,
            account_id=self._account_id(account),
            fallback=fallback,
        )
        [arrival_id] = self.inbound.keep_many([mailing], settled_by_caller=True)
        return self.inbound.settle(arrival_id)

    def keep_many(self, mails: Sequence[Mailing]) -> list[int]:
        """Commit mails without deciding about them yet; see `Inbound.keep_many`."""
        return self.inbound.keep_many(mails)

    def recipients_known(self, addresses: Sequence[str]) -> dict[str, bool]:
        """Nobody claims an address: unknown. `postmaster` alone is ours everywhere, and with a domain of ours (RFC 5321 §4.5.1)."""
        with self.read() as session:
            domains = {"", *(domain.name for domain in all_domains(session))}
            return {
                address: _is_postmaster(address, domains)
                or bool(self.registry.hooks.recipient_known(normalise(address), session))
                for address in addresses
            }

    def explain(
        self,
        raw: bytes,
        *,
        recipients: Sequence[str] | None = None,
        account: str | None = None,
        fallback: str | None = None,
    ) -> Received:
        """What would become of a mail; changes nothing."""
        mailing = Mailing(raw=raw, recipients=recipients, account_id=self._account_id(account), fallback=fallback)
        return self.inbound.explain(mailing)

    def account(self, account_id: int) -> Account[Any]:
        with self.read() as session:
            row = session.get(AccountRow, account_id)
        if row is None:
            raise NotFound(f"There is no account {account_id}.", remedy="`mailloom accounts list` shows them all.")
        kinds: Mapping[str, TransportKind | SourceKind] = self.registry.transports
        if row.direction is Direction.INCOMING:
            kinds = self.registry.sources
        if row.kind not in kinds:
            raise ConfigurationError(
                f"No addon at work brings {row.kind!r}, the kind of account {row.name}.",
                remedy=f"Run `mailloom addons install {row.kind}`.",
            )
        return account_value(row, kinds[row.kind].settings, self.keys)

    def enqueue(self, session: Session, draft: Draft) -> Queued:
        return self.outbound.enqueue(session, draft)

    def thread_of(self, session: Session, record: Any) -> Thread:
        if not isinstance(record, Threaded):
            raise ConfigurationError(
                f"{type(record).__name__} has no thread.", remedy="Derive it from mailloom.api.Threaded."
            )
        return self.thread_for(session, type(record).thread_model, str(inspect(record).identity[0]))

    def thread_for(self, session: Session, model: str, record: str) -> Thread:
        known = self.thread_models.get(model)
        if known is None:
            raise NotFound(
                f"There is no model {model!r} that can take mail.", remedy="Enable the addon that brings it."
            )
        return open_thread(session, model, record, private=known.private, now=self.now())

    def takes_part(self, session: Session, thread: Thread, key: str) -> bool:
        return takes_part(session, thread.id, key, [contact.id for contact in contacts_of(session, key)])

    def post(
        self,
        session: Session,
        record: Any,
        *,
        text: str,
        html: str = "",
        subject: str = "",
        kind: MessageKind = MessageKind.COMMENT,
        author: int | None = None,
        to: Sequence[str] = (),
        enclosures: Sequence[Enclosure] = (),
        parent: Message | None = None,
    ) -> Message:
        comment = Comment(
            text=text,
            html=html,
            subject=subject,
            kind=kind,
            author_id=author,
            to=to,
            enclosures=enclosures,
            parent_id=parent.id if parent else None,
        )
        return post(session, self, self.registry.hooks, self.thread_of(session, record), comment)

    def write_on(
        self, session: Session, thread: Thread, *, text: str, kind: MessageKind, parent: Message | None = None
    ) -> Message:
        comment = Comment(text=text, kind=kind, parent_id=parent.id if parent else None)
        return post(session, self, self.registry.hooks, thread, comment)

    def tell(self, session: Session, contact_id: int, *, subject: str, text: str) -> None:
        contact = session.get(Contact, contact_id)
        if contact is None:
            raise NotFound(f"There is no contact {contact_id}.")
        tell_contact(session, self, contact, subject, text)

    def _account_id(self, name: str | None) -> int | None:
        return None if name is None else self.account_id(name)

    def account_id(self, name: str) -> int:
        number = None
        # What is not printable is no name, and some of it no text that a database can be asked for.
        if name.isprintable():
            with self.read() as session:
                number = session.scalar(select(AccountRow.id).where(AccountRow.name == name))
        if number is None:
            raise NotFound(f"There is no account {name!r}.", remedy="`mailloom accounts list` shows them all.")
        return number


def _is_postmaster(address: str, domains: Set[str]) -> bool:
    localpart, _, domain = address.lower().partition("@")
    return localpart == "postmaster" and (not domain or normalise(f"x@{domain}").removeprefix("x@") in domains)


def _key_id(secret: bytes) -> str:
    """A short name for a key that says nothing about it: it travels in every token."""
    return base64.b32encode(hashlib.sha256(b"key id" + secret).digest()).decode().lower()[:4]


class _LiveHooks:
    """The hooks of the addons at work now; the registry exchanges them when addons come and go."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry

    def __getattr__(self, name: str) -> Any:
        return getattr(self._registry.hooks, name)


A = TypeVar("A", bound=App)


def create_app(where: Place, kind: type[A], *, clock: Callable[[], datetime] = utc_now) -> A:
    """A new installation (key, tables), or the one that is there, brought up to date. `kind` is `App` or a subclass of it."""
    where.data_folder.mkdir(parents=True, exist_ok=True)
    if not os.environ.get(ENVIRONMENT_VARIABLE) and not where.key_file.exists():
        create_keys(where.key_file)
    app = kind(where, load_keys(where.key_file), clock=clock)
    for each in app.registry.upgrade("core"):
        if each.fault:
            app.database.close()
            raise ConfigurationError(
                f"The tables cannot be brought up to date: {each.fault}", remedy="Nothing was changed."
            )
    return _started(app)


def open_app(data_folder: Path, *, clock: Callable[[], datetime] = utc_now) -> App:
    """The installation in a folder; ConfigurationError when there is none."""
    where = place(data_folder)
    if not where.key_file.exists() and not os.environ.get(ENVIRONMENT_VARIABLE):
        raise ConfigurationError(
            f"There is no mailloom in {where.data_folder}.",
            remedy="Run `mailloom init`, or name another folder with --data.",
        )
    return _started(App(where, load_keys(where.key_file), clock=clock))


def _started(app: A) -> A:
    try:
        app.registry.load()
    except Exception:
        app.database.close()
        raise
    app.registry.start(app)
    return app
