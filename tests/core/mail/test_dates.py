"""Dates: the examples of RFC 5322 appendix A, then what mail makes of them."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from mailloom.mail.dates import parse_date

MOMENTS = [
    pytest.param("Fri, 21 Nov 1997 09:55:06 -0600", "1997-11-21T15:55:06", id="A.1.1"),
    pytest.param("Tue, 1 Jul 2003 10:52:37 +0200", "2003-07-01T08:52:37", id="A.1.2"),
    pytest.param(
        "Thu,\r\n      13\r\n        Feb\r\n          1969\r\n      23:32\r\n               -0330 (Newfoundland Time)",
        "1969-02-14T03:02:00",
        id="A.5",
    ),
    pytest.param("21 Nov 97 09:55:06 GMT", "1997-11-21T09:55:06", id="A.6.2"),
    pytest.param("Fri, 21 Nov 1997 09(comment):   55  :  06 -0600", "1997-11-21T15:55:06", id="A.6.3-blanks-in-time"),
    pytest.param("Sat, 21 Nov 2026 17:43:40 +0100 (CET)", "2026-11-21T16:43:40", id="zone-comment"),
    pytest.param("Sat, 21 Nov 2026 17:43:40", "2026-11-21T17:43:40", id="no-zone"),
    pytest.param("Sat, 21 Nov 2026 17:43:40 GMT", "2026-11-21T17:43:40", id="gmt"),
    pytest.param("Sat, 21 Nov 2026 17:43:40 EST", "2026-11-21T22:43:40", id="est"),
    pytest.param("Sat, 21 Nov 2026 17:43:40 CEST", "2026-11-21T15:43:40", id="cest"),
    pytest.param("Sat, 21 Nov 2026 17:43:40 XYZ", "2026-11-21T17:43:40", id="unknown-zone"),
    pytest.param("Sat, 21 Nov 2026 17:43:40 -0000", "2026-11-21T17:43:40", id="unknown-local"),
    pytest.param("Sat, 21 Nov 2026 17:43:40 GMT+0100", "2026-11-21T16:43:40", id="gmt-plus"),
    pytest.param("Sat, 21 Nov 2026 17:43:40 +01:00", "2026-11-21T16:43:40", id="colon-in-zone"),
    pytest.param("Sat, 21 Nov 2026 17:43:40.123 +0100", "2026-11-21T16:43:40", id="fraction"),
    pytest.param("Sat Nov 21 17:43:40 2026", "2026-11-21T17:43:40", id="ctime"),
    pytest.param("Sat Nov 21 17:43:40 CET 2026", "2026-11-21T16:43:40", id="ctime-with-zone"),
    pytest.param("2026-11-21T17:43:40Z", "2026-11-21T17:43:40", id="iso"),
    pytest.param("2026-11-21 17:43:40 +0100", "2026-11-21T16:43:40", id="iso-with-zone"),
    pytest.param("2026-11-21T17:43:40.5+01:00", "2026-11-21T16:43:40", id="iso-with-fraction"),
    pytest.param("21-Nov-2026 17:43:40 +0100", "2026-11-21T16:43:40", id="imap"),
    pytest.param("Sat, 21 November 2026 17:43 +0100", "2026-11-21T16:43:00", id="long-month"),
    pytest.param("Saturday, 21-Nov-26 17:43:40 GMT", "2026-11-21T17:43:40", id="rfc-850"),
    pytest.param("sam., 21 nov. 2026 17:43:40 +0100", "2026-11-21T16:43:40", id="french"),
    pytest.param("Sa, 21 Dez 2026 17:43:40 +0100", "2026-12-21T16:43:40", id="german"),
    pytest.param("21 Nov 2026 5:43:40 PM", "2026-11-21T17:43:40", id="afternoon"),
    pytest.param("Nov 21, 2026 05:43 pm", "2026-11-21T17:43:00", id="american"),
    pytest.param("Sat,21 Nov 2026 17:43:40 +0100", "2026-11-21T16:43:40", id="no-blank"),
    pytest.param("Sat, 21 Nov 2026 17:43:60 +0100", "2026-11-21T16:43:59", id="leap-second"),
    pytest.param("Sat, 21 Nov 2026 17.43.40 +0100", "2026-11-21T16:43:40", id="dots"),
    pytest.param("Sat, 21 Nov 99 17:43:40 +0100", "1999-11-21T16:43:40", id="two-digits-99"),
    pytest.param("Sat, 21 Nov 126 17:43:40 +0000", "2026-11-21T17:43:40", id="three-digits"),
    pytest.param("21 Nov 2026", "2026-11-21T00:00:00", id="no-time"),
    pytest.param("Sat, 31 Feb 2026 17:43:40 +0100", None, id="no-such-day"),
    pytest.param("Sat, 21 Nov 2026 25:43:40 +0100", None, id="no-such-hour"),
    pytest.param("Sat, 21 Nov 2026 17:43:40 +9900", "2026-11-21T17:43:40", id="no-such-zone"),
    pytest.param("1 Jan 0001 00:00:00 +1400", None, id="before-all-time"),
    pytest.param("31 Dec 9999 23:59:59 -1200", None, id="after-all-time"),
    pytest.param("", None, id="empty"),
    pytest.param("yesterday", None, id="word"),
    pytest.param("1234567890", None, id="number"),
    pytest.param("\0\ud800", None, id="rubbish"),
    pytest.param("1 " * 100_000, None, id="endless"),
]


@pytest.mark.parametrize(("value", "moment"), MOMENTS)
def test_a_date_is_the_moment_it_names(value: str, moment: str | None) -> None:
    expected = datetime.fromisoformat(moment).replace(tzinfo=UTC) if moment else None
    assert parse_date(value) == expected


def test_a_date_keeps_its_zone() -> None:
    date = parse_date("Fri, 21 Nov 1997 09:55:06 -0600")
    assert date is not None
    assert date.isoformat() == "1997-11-21T09:55:06-06:00"
