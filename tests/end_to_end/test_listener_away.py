"""A real Postfix whose next station is our listener, and the listener goes away: the mail waits in Postfix and comes when we are back."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sqlalchemy import select

from mailloom.addons.helpdesk.models import Ticket
from mailloom.testing import mail
from servers.postfix import Postfix, reason_missing

pytestmark = [pytest.mark.slow, pytest.mark.postfix]


@pytest.fixture
def postfix_to_us(services: Any, house: Any) -> Iterator[Postfix]:
    if reason := reason_missing():
        pytest.skip(reason)
    place = house.app.registry.services["listener"].places["lmtp"]
    server = Postfix(lmtp_port=int(place.rpartition(":")[2]))
    yield server
    server.stop()


def test_mail_that_comes_while_the_listener_is_away_comes_when_it_is_back(
    house: Any, postfix_to_us: Postfix, at_work: Callable[[], None], post_through: Callable[..., None]
) -> None:
    listener = house.app.registry.services["listener"]
    place = listener.places["lmtp"]
    support = house.name("support")
    at_work()
    listener.stop(2)
    post_through(
        postfix_to_us.smtp,
        "ann@example.com",
        support,
        mail(sender="ann@example.com", to=support, subject="While you were out"),
    )
    until = time.monotonic() + 20
    while "status=deferred" not in postfix_to_us.log():
        assert time.monotonic() < until, postfix_to_us.log()[-2000:]
        time.sleep(0.05)
    house.app.save_settings("listener", {"smtp": "", "lmtp": place})
    listener.start(house.app)
    flush = ["postqueue", "-c", str(postfix_to_us.folder / "etc"), "-f"]
    until = time.monotonic() + 20
    while "status=sent" not in postfix_to_us.log():
        assert time.monotonic() < until, postfix_to_us.log()[-2000:]
        subprocess.run(flush, check=True, capture_output=True)
        time.sleep(0.3)
    assert house.ticket().name == "While you were out"
    with house.app.read() as session:
        assert len(session.scalars(select(Ticket)).all()) == 1
