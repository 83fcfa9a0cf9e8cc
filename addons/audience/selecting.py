"""Who a mailing goes to, as statements that can be read a page at a time: continue with `.where(id > the last one).limit(n)`.

They choose; whom we may not write to (opted out, suppressed, erased) is left to whoever sends.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Select, exists, inspect, literal, select
from sqlalchemy.orm import Mapper

from mailloom.api import ThreadModel
from mailloom.api.threads import MappedThreadModel
from mailloom.errors import ConfigurationError

from .fields import MEMBER_FIELDS, fields_of
from .filters import Fields, Filter, compiled
from .models import Member, PlainValue, State, Subscription

MemberRow = Select[int, str, str, str, dict[str, PlainValue], str, str]
"""id, address, key, name, attributes, language, time_zone."""


def members_of(lists: Sequence[int], *, chosen: Filter | None = None) -> MemberRow:
    """Those subscribed to any of these lists, each once, by ascending `Member.id`. ConfigurationError for a filter that does not fit."""
    # Found from the member, whose subscription is one probe of the primary key, so that a page costs what is on it.
    subscribed = exists().where(
        Subscription.list_id.in_(lists),
        Subscription.member_id == Member.id,
        Subscription.state == State.SUBSCRIBED,
    )
    statement = _members().where(subscribed)
    return statement if chosen is None else statement.where(compiled(chosen, MEMBER_FIELDS))


def _members() -> MemberRow:
    return select(
        Member.id, Member.address, Member.key, Member.name, Member.attributes, Member.language, Member.time_zone
    ).order_by(Member.id)


def records_of(model: ThreadModel, *, chosen: Filter | None = None, also_without_address: bool = False) -> Select[Any]:
    """`id`, `address` and `name` of a model's records that have an address, ascending by `id`. The address is as stored: normalise it.

    ConfigurationError when the model names no address, or the filter asks for a field that the model does not offer.
    """
    columns, offered = _columns(model)
    statement = select(columns["id"].label("id"), columns["address"].label("address"), columns["name"].label("name"))
    if not also_without_address:
        statement = statement.where(columns["address"] != "", columns["address"].is_not(None))
    statement = statement.order_by(columns["id"])
    return statement if chosen is None else statement.where(compiled(chosen, offered))


def can_be_written_to(model: ThreadModel) -> bool:
    """Whether records of this model have an address of their own."""
    return isinstance(model, MappedThreadModel) and bool(model.cls.address_field)


def _columns(model: ThreadModel) -> tuple[dict[str, ColumnElement[Any]], Fields]:
    if not isinstance(model, MappedThreadModel) or not model.cls.address_field:
        raise ConfigurationError(
            f"Records of {model.title} have no address to write to.",
            remedy="Its class must name one as `address_field`; see docs/adding-an-addon.md.",
        )
    mapper: Mapper[Any] = inspect(model.cls)
    columns = mapper.columns
    named = {
        "id": mapper.primary_key[0],
        "address": columns[model.cls.address_field],
        "name": columns.get(model.cls.name_field, literal("")),
    }
    offered = (model.cls.address_field, *model.cls.filter_fields)
    return named, fields_of(dict(columns), offered)
