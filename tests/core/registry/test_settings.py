"""Settings are validated as a whole, secrets are stored sealed, and messages name section and field."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography.fernet import Fernet
from pydantic import SecretStr
from sqlalchemy import text

from mailloom.errors import ConfigurationError, NotFound, SecretUnreadable
from mailloom.registry import Registry
from mailloom.registry.rotation import rotate
from mailloom.store.database import Database
from mailloom.store.secrets import Keys, load_keys
from mailloom.store.system import AddonState, Setting

Write = Callable[..., Path]
Make = Callable[[Database], Registry]

SHOP = """
    from pydantic import BaseModel, ConfigDict, Field, SecretStr

    class ShopSettings(BaseModel):
        model_config = ConfigDict(extra="forbid")
        colour: str = Field("red", max_length=10, description="Of the door.")
        opening: int = Field(9, ge=0, le=23, description="Hour of opening.")
        token: SecretStr | None = Field(None, min_length=4, description="For the API.")

    @hookimpl
    def register_settings():
        return ShopSettings
"""


@pytest.fixture
def shop(database: Database, make_registry: Make, write_addon: Write) -> Registry:
    write_addon("shop", SHOP)
    registry = make_registry(database)
    registry.install("shop")
    return registry


def _values(registry: Registry) -> dict[str, Any]:
    return registry.settings("shop").model_dump()


def test_what_was_never_set_has_its_default(shop: Registry) -> None:
    assert _values(shop) == {"colour": "red", "opening": 9, "token": None}
    assert shop.settings("core").model_dump()["organisation"] == ""


def test_one_value_is_changed_and_the_others_stay(shop: Registry) -> None:
    shop.save_settings("shop", {"colour": "blue"})
    shop.save_settings("shop", {"opening": "10"})
    assert _values(shop) == {"colour": "blue", "opening": 10, "token": None}
    shop.save_settings("shop", {"colour": None})
    assert _values(shop)["colour"] == "red"


@pytest.mark.parametrize(
    ("values", "said"),
    [
        pytest.param({"opening": 24}, r"Setting shop\.opening: Input should be less than or equal to 23", id="bounds"),
        pytest.param({"colour": "blue", "opening": "soon"}, r"shop\.opening", id="one of two"),
        pytest.param({"colur": "blue"}, r"no setting shop\.colur", id="unknown field"),
        pytest.param({"token": "abc"}, r"shop\.token", id="secret too short"),
    ],
)
def test_a_wrong_value_is_refused_by_name_and_nothing_is_changed(
    shop: Registry, values: dict[str, Any], said: str
) -> None:
    version = shop.version
    with pytest.raises(ConfigurationError, match=said) as caught:
        shop.save_settings("shop", values)
    assert caught.value.remedy
    assert "abc" not in str(caught.value)
    assert _values(shop) == {"colour": "red", "opening": 9, "token": None}
    assert not shop.reload_if_changed()
    assert shop.version == version


def test_an_unknown_section_is_not_found(shop: Registry) -> None:
    with pytest.raises(NotFound, match="'shoe'"):
        shop.settings("shoe")
    with pytest.raises(NotFound, match="'shoe'"):
        shop.save_settings("shoe", {})


def test_secrets_are_sealed_in_the_database(shop: Registry) -> None:
    shop.save_settings("shop", {"token": "open sesame", "colour": "blue"})
    assert _values(shop)["token"] == SecretStr("open sesame")
    with shop.database.read() as session:
        dumped = str(session.execute(text("SELECT * FROM setting")).all())
        assert "sesame" not in dumped
        assert session.get_one(Setting, "shop").content == {"colour": "blue"}
    assert "sesame" not in repr(shop.settings("shop"))


def test_with_a_lost_key_the_addon_waits_and_says_so(shop: Registry) -> None:
    shop.save_settings("shop", {"token": "open sesame"})
    shop.keys = Keys([Fernet.generate_key().decode()])
    shop.load()
    assert shop.addons["shop"].state is AddonState.MISCONFIGURED
    assert "cannot be decrypted" in shop.addons["shop"].reason
    assert "key file" in shop.addons["shop"].remedy


def test_values_that_no_longer_fit_keep_the_addon_from_work(shop: Registry) -> None:
    with shop.database.write() as session:
        session.add(Setting(section="shop", content={"opening": 99}, changed_at=shop._now()))
    shop.load()
    assert shop.addons["shop"].state is AddonState.MISCONFIGURED
    assert "shop.opening" in shop.addons["shop"].reason


def test_other_processes_notice_changed_settings(shop: Registry, make_registry: Make) -> None:
    worker = make_registry(shop.database)
    shop.save_settings("shop", {"colour": "blue"})
    assert worker.reload_if_changed()
    assert _values(worker)["colour"] == "blue"


def test_a_purge_forgets_the_settings(shop: Registry) -> None:
    shop.save_settings("shop", {"colour": "blue"})
    shop.uninstall("shop", purge=True)
    shop.install("shop")
    assert _values(shop)["colour"] == "red"


def test_rotating_the_key_encrypts_everything_anew(shop: Registry, tmp_path: Path) -> None:
    path = tmp_path / "keys"
    shop.keys.path = path
    shop.save_settings("shop", {"token": "open sesame"})
    assert rotate(shop.database, shop.keys) == 1
    newest = path.read_text().splitlines()[0]
    with shop.database.read() as session:
        sealed = session.get_one(Setting, "shop").secrets
    assert sealed is not None
    assert json.loads(Keys([newest]).open(sealed)) == {"token": "open sesame"}
    with pytest.raises(SecretUnreadable):
        shop.keys.open(sealed)
    shop.keys = load_keys(path)
    assert _values(shop)["token"] == SecretStr("open sesame")


def test_a_crash_after_the_new_key_was_written_costs_nothing(shop: Registry, tmp_path: Path) -> None:
    path = tmp_path / "keys"
    shop.keys.path = path
    shop.save_settings("shop", {"token": "open sesame"})
    shop.keys.rotated().save()
    shop.keys = load_keys(path)
    assert _values(shop)["token"] == SecretStr("open sesame")
    assert rotate(shop.database, shop.keys) == 1
