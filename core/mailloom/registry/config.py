"""Settings of the core and of addons: pydantic models over rows of `setting`.

A section's plain values stand as JSON, its `SecretStr` fields sealed apart. What is saved is validated as a whole first, so a section is never half
changed; messages name the section and the field.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from pydantic import BaseModel, SecretStr, ValidationError
from sqlalchemy.orm import Session

from mailloom.errors import ConfigurationError
from mailloom.store.secrets import Keys
from mailloom.store.system import Setting


def read_settings(session: Session, keys: Keys, section: str, model: type[BaseModel]) -> BaseModel:
    """The stored values, defaults for the rest; ConfigurationError when what is stored no longer fits the model."""
    row = session.get(Setting, section)
    return validated(section, model, {} if row is None else _stored(row, keys))


def write_settings(
    session: Session, keys: Keys, section: str, model: type[BaseModel], values: Mapping[str, Any], now: datetime
) -> BaseModel:
    """Change the given fields, keep the others; None gives a field its default again. The caller commits."""
    row = session.get(Setting, section, with_for_update=True)
    kept = {} if row is None else _stored(row, keys)
    for name in values:
        if name not in model.model_fields:
            raise _unknown_field(section, name, model)
    kept.update({name: value for name, value in values.items() if value is not None})
    merged = {name: value for name, value in kept.items() if values.get(name, "") is not None}
    settings = validated(section, model, merged)
    secrets = {name: _revealed(settings, name) for name in merged if isinstance(getattr(settings, name), SecretStr)}
    if row is None:
        row = Setting(section=section)
        session.add(row)
    row.content = settings.model_dump(mode="json", include=set(merged) - set(secrets))
    row.secrets = keys.seal(json.dumps(secrets)) if secrets else None
    row.changed_at = now
    return settings


def validated(section: str, model: type[BaseModel], values: Mapping[str, Any]) -> BaseModel:
    """The model made from `values`; ConfigurationError names section and field, and never repeats a value (it may be a secret)."""
    try:
        return model.model_validate(dict(values))
    except ValidationError as error:
        fault = error.errors(include_url=False, include_input=False, include_context=False)[0]
        name = ".".join(str(part) for part in fault["loc"])
        if fault["type"] == "extra_forbidden":
            raise _unknown_field(section, name, model) from None
        raise ConfigurationError(
            f"Setting {section}.{name}: {fault['msg']}.", remedy=_remedy(section, name, model)
        ) from None


def _stored(row: Setting, keys: Keys) -> dict[str, Any]:
    secrets = json.loads(keys.open(row.secrets)) if row.secrets is not None else {}
    return {**row.content, **secrets}


def _revealed(settings: BaseModel, name: str) -> str:
    secret: SecretStr = getattr(settings, name)
    return secret.get_secret_value()


def _unknown_field(section: str, name: str, model: type[BaseModel]) -> ConfigurationError:
    return ConfigurationError(
        f"There is no setting {section}.{name}.", remedy=f"Settings of {section}: {', '.join(model.model_fields)}."
    )


def _remedy(section: str, name: str, model: type[BaseModel]) -> str:
    field = model.model_fields.get(name.partition(".")[0])
    meaning = f"{field.description} " if field and field.description else ""
    return f"{meaning}Change it with: mailloom settings set {section}.{name} VALUE"
