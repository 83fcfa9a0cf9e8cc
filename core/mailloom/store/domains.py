"""Mail domains of ours and the names that have a meaning on each: catchall, bounce, default From.

`name` is the A-label (ASCII) form that comparisons use, `shown` the form that was typed. The domain with the lowest sequence is the first one, which
serves all that have none.
"""

from __future__ import annotations

from datetime import date

from sqlalchemy import Date, String, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from mailloom.store.base import Base, Moment, RowId
from mailloom.store.memory import Memory


class MailDomain(Base):
    __tablename__ = "mail_domain"

    id: Mapped[RowId]
    name: Mapped[str] = mapped_column(String(253), unique=True)
    shown: Mapped[str] = mapped_column(String(253))
    sequence: Mapped[int] = mapped_column(default=10)
    catchall: Mapped[str] = mapped_column(String(64), default="catchall")
    bounce: Mapped[str] = mapped_column(String(64), default="bounce")
    default_from: Mapped[str] = mapped_column(String(320), default="notifications")
    """A local part, or a whole address."""
    contact: Mapped[str] = mapped_column(String(320), default="")
    """Address that automatic answers name for help; '' for none."""
    plus_addresses: Mapped[bool] = mapped_column(default=True)
    """Whether mail to catchall+token@ arrives; where the provider forbids it, the plain catchall is used."""
    created_at: Mapped[Moment]

    @property
    def catchall_address(self) -> str:
        return f"{self.catchall}@{self.name}"

    @property
    def bounce_address(self) -> str:
        return f"{self.bounce}@{self.name}"

    @property
    def from_address(self) -> str:
        return self.default_from if "@" in self.default_from else f"{self.default_from}@{self.name}"


def all_domains(session: Session) -> list[MailDomain]:
    """In order; the first serves those that have none. Read once a session: they are asked for with every mail."""
    known = _DOMAINS.of(session)
    if "all" not in known:
        known["all"] = list(session.scalars(select(MailDomain).order_by(MailDomain.sequence, MailDomain.id)))
    found: list[MailDomain] = known["all"]
    return found


_DOMAINS = Memory(MailDomain)


def domain_or_first(session: Session, domain_id: int | None) -> MailDomain | None:
    """The domain with this id, else the first one; None when there are none at all."""
    domains = all_domains(session)
    return next((domain for domain in domains if domain.id == domain_id), domains[0] if domains else None)


class AnswerSent(Base):
    """An automatic answer that went out: at most one per sender, refusing address and day."""

    __tablename__ = "answer_sent"

    sender: Mapped[str] = mapped_column(String(320), primary_key=True)
    hit: Mapped[str] = mapped_column(String(320), primary_key=True)
    day: Mapped[date] = mapped_column(Date, primary_key=True)
    sent_at: Mapped[Moment]
