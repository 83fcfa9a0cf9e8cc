"""What the SES account may send, and how that becomes the limits of our accounts.

SES counts recipients over the last 24 hours and seconds, for all who use the AWS account in that region. Its rate is kept as whole messages per
second, rounded down; a quota without limit is no limit here either.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import select
from sqlalchemy.orm import Session

from mailloom.api import Account, Office
from mailloom.errors import MailloomError
from mailloom.store.accounts import AccountRow, AccountState

from .answers import ANY_FAULT, is_refused_login, reply_of
from .client import client_of
from .settings import SesAccountSettings, SesSettings, SesSmtpSettings

MODELS: Final[dict[str, type[SesAccountSettings]]] = {"ses": SesSettings, "ses_smtp": SesSmtpSettings}
EVERY_SECONDS: Final = 900.0
_HIGHEST_RATE: Final = 999
_LONGEST_WORDS: Final = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Quota:
    """What SES says of the account in one region. `per_day` None: no limit."""

    per_second: int
    per_day: int | None
    sent_last_24_hours: int
    production: bool
    """False: the sandbox, where recipients must be verified, too."""
    sending: bool
    standing: str
    """HEALTHY, PROBATION or SHUTDOWN; '' when SES does not say."""

    def __str__(self) -> str:
        day = f"{self.per_day} a day" if self.per_day is not None else "no daily limit"
        parts = [f"{self.per_second} a second", day, f"{self.sent_last_24_hours} sent in the last 24 hours"]
        if not self.production:
            parts.append("in the sandbox: recipients must be verified, too")
        if self.standing and self.standing != "HEALTHY":
            parts.append(f"standing: {self.standing}")
        return ", ".join(parts) if self.sending else "sending is paused; " + ", ".join(parts)


def read_quota(client: Any) -> Quota:
    """Ask SES (`ses:GetAccount`); raises one of `answers.ANY_FAULT`."""
    answer = client.get_account()
    sends = answer.get("SendQuota") or {}
    day = _number(sends.get("Max24HourSend"))
    return Quota(
        per_second=max(1, min(int(_number(sends.get("MaxSendRate"))), _HIGHEST_RATE)),
        per_day=max(1, int(day)) if day >= 0 else None,
        sent_last_24_hours=int(_number(sends.get("SentLast24Hours"))),
        production=bool(answer.get("ProductionAccessEnabled")),
        sending=bool(answer.get("SendingEnabled", True)),
        standing=str(answer.get("EnforcementStatus") or ""),
    )


def may_ask(settings: SesAccountSettings) -> bool:
    """Whether the account has what the API wants: an SMTP password alone opens no API."""
    return settings.secret_access_key is not None or isinstance(settings, SesSettings)


def follow_quotas(office: Office) -> str:
    """The job: read the quota of each account that follows it, and set its limits. What it says names each account."""
    with office.read() as session:
        chosen = select(AccountRow).where(
            AccountRow.kind.in_(MODELS), AccountRow.archived.is_(False), AccountRow.state != AccountState.DRAFT
        )
        accounts = [(row.id, row.name, _value(office, row)) for row in session.scalars(chosen.order_by(AccountRow.id))]
    return "; ".join(
        f"{name}: {_follow(office, account_id, account)}"
        for account_id, name, account in accounts
        if isinstance(account, MailloomError) or account.settings.follow_quota
    )


def _follow(office: Office, account_id: int, account: Account[Any] | MailloomError) -> str:
    if isinstance(account, MailloomError):
        return str(account)
    if not may_ask(account.settings):
        return "limits stay, as an SMTP password cannot ask for the quota"
    try:
        quota = read_quota(client_of(account))
    except MailloomError as error:
        return str(error)
    except ANY_FAULT as error:
        allow = "; allow the key ses:GetAccount" if is_refused_login(error) else ""
        return f"limits stay, the quota could not be read ({reply_of(error).text[:_LONGEST_WORDS]}){allow}"
    with office.write() as session:
        set_limits(session, account_id, quota)
    return str(quota)


def set_limits(session: Session, account_id: int, quota: Quota) -> None:
    """Write the quota into the account's limits. The caller commits."""
    row = session.get(AccountRow, account_id, with_for_update=True)
    if row is not None:
        row.settings = {**row.settings, "per_second": quota.per_second, "per_day": quota.per_day}


def _value(office: Office, row: AccountRow) -> Account[Any] | MailloomError:
    try:
        secrets = json.loads(office.unseal(row.secrets)) if row.secrets is not None else {}
        settings = MODELS[row.kind].model_validate({**row.settings, **secrets})
    except MailloomError as error:
        return error
    except ValueError:
        return MailloomError("its settings do not fit; edit them")
    return Account(id=row.id, name=row.name, kind=row.kind, settings=settings)


def _number(value: object) -> float:
    """0 for what is no number."""
    usable = isinstance(value, (int, float)) and math.isfinite(value)
    return float(value) if usable and isinstance(value, (int, float)) else 0.0
