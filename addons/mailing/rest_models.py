"""What the REST routes of mailings take and give."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from pydantic import BaseModel, Field

from mailloom.api.rest_attachments import Attachment
from mailloom.api.rest_routes import Body

from .models import LedgerRow, Mailing, MailingState, Standing, Variant, Winner

Address = Annotated[str, Field(max_length=1000)]


class WordsShown(BaseModel):
    label: str
    subject: str
    html: str
    text: str


class MailingShown(BaseModel):
    id: int
    name: str
    state: MailingState
    reason: str
    sender: str
    reply_to: str
    account: str
    topic: str
    target: dict[str, Any]
    due: datetime | None
    time_zone: str
    latest_hours: int | None
    sample_percent: int
    winner_by: Winner
    winner_hours: int
    winner: str
    created_at: datetime
    created_by: str
    started_at: datetime | None
    finished_at: datetime | None
    resume_at: datetime | None


class MailingDetailed(MailingShown):
    variants: list[WordsShown]


class Words(Body):
    subject: str = Field(max_length=2000)
    html: str = Field("", max_length=2_000_000)
    text: str = Field("", max_length=2_000_000, description="'': made of the HTML.")


class Planned(Body):
    name: str = Field(max_length=200)
    target: dict[str, Any] = Field(description='Such as {"lists": [1]}, with a filter if wanted.')
    sender: Address = Field("", description="The From; '': the default of the account.")
    reply_to: Address = ""
    account: str = Field("", max_length=64)
    topic: str | None = Field(None, max_length=64, description="null: that of the list, where the target is one.")
    sample_percent: int = Field(100, ge=1, le=100)
    winner_by: Winner = Winner.HAND
    winner_hours: int = Field(4, ge=1, le=1000)
    files: list[Attachment] = Field(default_factory=list, max_length=20)


class NewMailing(Planned):
    variants: list[Words] = Field(min_length=1, max_length=8)


class When(Body):
    at: str = Field(max_length=40, description="Such as 2026-03-01 09:00; '' is at once.")
    zone: str = Field("UTC", max_length=64)
    latest_hours: int | None = Field(None, ge=1, le=100_000, description="Begin only if at most so late.")


class Start(Body):
    why: str = Field("", max_length=500)
    override: str = Field("", max_length=500, description="Start although a check found faults, for this reason.")


class Why(Body):
    why: str = Field("by a program", max_length=500)


class Again(Why):
    states: list[Standing] = Field(default_factory=lambda: [Standing.FAILED], min_length=1)


class Won(Why):
    label: str = Field(min_length=1, max_length=8)


class TestWanted(Body):
    to: list[Address] = Field(min_length=1, max_length=20)
    as_for: str = Field("", max_length=320, description="As this recipient gets it; '': the first.")
    variant: str = Field("", max_length=8)


class ComplaintShown(BaseModel):
    address: str
    variant: str
    why: str


class CheckShown(BaseModel):
    recipients: int
    looked_at: int
    unwritable: int
    complaints: list[ComplaintShown]
    faults: list[str] = Field(description="These keep it from starting.")
    remarks: list[str]


class PreviewShown(BaseModel):
    subject: str
    text: str
    html: str


class RecipientShown(BaseModel):
    id: int
    address: str
    name: str
    state: Standing
    reason: str
    source: str
    variant: str
    delivery_id: int | None
    queued_at: datetime | None
    settled_at: datetime | None
    opened_at: datetime | None
    clicked_at: datetime | None
    replied_at: datetime | None
    complained_at: datetime | None
    opted_out_at: datetime | None


class Count(BaseModel):
    recipients: int


class Queued(BaseModel):
    deliveries: list[int]


def words_shown(variant: Variant) -> WordsShown:
    return WordsShown(label=variant.label, subject=variant.subject, html=variant.html, text=variant.text)


def mailing_shown(mailing: Mailing) -> MailingShown:
    return MailingShown(**{field: getattr(mailing, field) for field in MailingShown.model_fields})


def recipient_shown(row: LedgerRow) -> RecipientShown:
    return RecipientShown(
        **{field: getattr(row, field) for field in RecipientShown.model_fields if field != "variant"}, variant=row.label
    )
