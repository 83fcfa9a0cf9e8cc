"""Which recipients an installation takes mail for."""

from __future__ import annotations

import pytest

from mailloom.testing import temporary_app


@pytest.mark.parametrize(
    ("address", "taken"),
    [
        pytest.param("Postmaster", True, id="alone"),
        pytest.param("postmaster@example.org", True, id="in a domain of ours"),
        pytest.param("PostMaster@Example.ORG", True, id="in any case"),
        pytest.param("postmaster@example.net", False, id="in another domain"),
        pytest.param("nobody@example.org", False, id="another name"),
    ],
)
def test_mail_to_postmaster_is_never_refused(address: str, taken: bool) -> None:
    with temporary_app(domain="example.org") as app:
        assert app.recipients_known([address]) == {address: taken}
