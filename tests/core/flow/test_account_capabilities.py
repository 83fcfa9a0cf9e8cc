"""What an account says of its provider goes before what its kind does."""

from __future__ import annotations

from typing import Any

import pytest

from mailloom.api.sending import Capabilities
from mailloom.flow.account_values import account_capabilities
from mailloom.store.accounts import AccountRow


@pytest.mark.parametrize(
    ("settings", "of_kind", "wanted"),
    [
        pytest.param({}, Capabilities(signs_dkim=True), Capabilities(signs_dkim=True), id="nothing said"),
        pytest.param(
            {"custom_mail_from": False, "signs_dkim": True, "rewrites_message_id": True, "saves_sent_copy": True},
            Capabilities(max_recipients=7),
            Capabilities(
                custom_mail_from=False,
                signs_dkim=True,
                rewrites_message_id=True,
                saves_sent_copy=True,
                max_recipients=7,
            ),
            id="all said",
        ),
        pytest.param({"signs_dkim": False}, Capabilities(signs_dkim=True), Capabilities(), id="said no"),
        pytest.param({"signs_dkim": None, "max_recipients": 3}, Capabilities(), Capabilities(), id="not said"),
    ],
)
def test_an_account_overrules_its_kind(settings: dict[str, Any], of_kind: Capabilities, wanted: Capabilities) -> None:
    assert account_capabilities(AccountRow(settings=settings), of_kind) == wanted
