"""What a log may not hold: whoever reads it must not be able to sign in with what stands there."""

from __future__ import annotations

import pytest
from structlog.testing import capture_logs

from mailloom.access.signing_in import make_link
from mailloom.access.users import add_user
from mailloom.store.access import Role
from mailloom.testing.application import temporary_app
from mailloom.testing.pages import browsing
from mailloom.web.paths import logged_path


@pytest.mark.parametrize(
    ("path", "logged"),
    [
        ("/admin/link/Zm9vYmFyYmF6cXV4Zm9vYmFyYmF6cXV4Zm9vYmFyYmE", "/admin/link/…"),
        ("/u/k.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA/preferences", "/u/…/preferences"),
        ("/api/v1/messages/12/raw", "/api/v1/messages/12/raw"),
        ("/" + "x/" * 500, ("/" + "x/" * 500)[:200]),
    ],
)
def test_secrets_in_a_path_are_left_out(path: str, logged: str) -> None:
    assert logged_path(path) == logged


def test_a_one_time_link_does_not_stand_in_the_log_when_the_database_fails() -> None:
    with temporary_app(addons=[], domain=None) as app, browsing(app, None) as stranger:
        with app.write() as session:
            link = make_link(session, add_user(session, "ann", Role.ADMIN, app.now()), app.now())
            session.connection().exec_driver_sql("DROP TABLE audit_entry")
        with capture_logs() as lines:
            answer = stranger.post(f"/admin/link/{link}")
    assert answer.status_code == 503
    assert lines
    assert link not in str(lines)
