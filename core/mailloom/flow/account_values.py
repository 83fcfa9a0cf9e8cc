"""Between the stored account and the value that kinds work with: settings validated by the kind's model, secrets sealed apart."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any

from pydantic import BaseModel, SecretStr, ValidationError

from mailloom.api.accounts import Account, AccountSettings
from mailloom.api.sending import Capabilities
from mailloom.errors import ConfigurationError
from mailloom.store.accounts import AccountRow
from mailloom.store.secrets import Keys
from mailloom.store.types import Sealed


def account_value(row: AccountRow, model: type[AccountSettings], keys: Keys) -> Account[Any]:
    """The account with readable secrets. ConfigurationError names the field that does not fit, SecretUnreadable a lost key."""
    given = {**row.settings, **_opened(row.secrets, keys)}
    return Account(id=row.id, name=row.name, kind=row.kind, settings=validated(model, given, f"account {row.name}"))


def account_capabilities(row: AccountRow, of_kind: Capabilities) -> Capabilities:
    """Those of the account's kind, but for what the account itself says of its provider."""
    names = (field.name for field in fields(Capabilities))
    said = {name: row.settings[name] for name in names if isinstance(row.settings.get(name), bool)}
    return replace(of_kind, **said)


def validated(model: type[AccountSettings], given: Mapping[str, Any], where: str) -> AccountSettings:
    """The settings as their model; ConfigurationError with one sentence per wrong field, and never the value of a secret."""
    try:
        return model.model_validate(dict(given))
    except ValidationError as error:
        faults = "; ".join(_fault(fault, model) for fault in error.errors(include_input=False, include_url=False))
        raise ConfigurationError(
            f"The settings of {where} do not fit: {faults}.",
            remedy=f"Fields: {', '.join(model.model_fields)}.",
        ) from None


def stored_settings(settings: AccountSettings) -> dict[str, Any]:
    """What goes into the settings column: everything that differs from the kind's defaults, without secrets."""
    secret = secret_fields(type(settings))
    return settings.model_dump(mode="json", exclude=set(secret), exclude_defaults=True)


def sealed_secrets(settings: AccountSettings, keys: Keys) -> Sealed | None:
    """The secrets as one sealed JSON object; None when there are none."""
    found = {}
    for name in secret_fields(type(settings)):
        value = getattr(settings, name)
        if value is not None and value.get_secret_value():
            found[name] = value.get_secret_value()
    return keys.seal(json.dumps(found)) if found else None


def opened_secrets(row: AccountRow, keys: Keys) -> dict[str, str]:
    return _opened(row.secrets, keys)


def secret_fields(model: type[BaseModel]) -> list[str]:
    """Names of the fields that must not be stored or shown in the clear."""
    return [name for name, field in model.model_fields.items() if _is_secret(field.annotation)]


def _is_secret(annotation: Any) -> bool:
    if annotation is SecretStr:
        return True
    return SecretStr in getattr(annotation, "__args__", ())


def _opened(sealed: Sealed | None, keys: Keys) -> dict[str, str]:
    return {} if sealed is None else dict(json.loads(keys.open(sealed)))


def _fault(fault: Any, model: type[AccountSettings]) -> str:
    place = ".".join(str(part) for part in fault["loc"]) or "together"
    message = str(fault["msg"])
    if fault["type"] == "extra_forbidden":
        return f"{place}: there is no such field"
    return f"{place}: {message[:1].lower()}{message[1:]}"
