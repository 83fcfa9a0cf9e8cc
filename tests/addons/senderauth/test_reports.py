"""Aggregate reports: read from what receivers send, kept once, added up; hostile ones cost nothing."""

from __future__ import annotations

import base64
import gzip
import io
import zipfile
from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any

import pytest
from sqlalchemy import func, select
from typer.testing import CliRunner

from mailloom.addons.senderauth.commands import dmarc
from mailloom.addons.senderauth.models import Report, ReportRow
from mailloom.addons.senderauth.report_reading import AggregateReport, read_report
from mailloom.addons.senderauth.reports import Day, SendingHost, daily, hosts, keep_report
from mailloom.errors import MalformedMessage
from mailloom.store.base import Base
from mailloom.store.database import Database
from mailloom.testing import TemporaryApp, temporary_app

BEGIN = 1772409600
"""2 March 2026, 00:00 UTC."""
ROW = """<record><row><source_ip>{source}</source_ip><count>{count}</count><policy_evaluated><disposition>none</disposition>
<dkim>{dkim}</dkim><spf>{spf}</spf><reason><type>forwarded</type><comment>list</comment></reason></policy_evaluated></row>
<identifiers><header_from>Example.org</header_from><envelope_from>b.example.org</envelope_from></identifiers>
<auth_results><dkim><domain>example.org</domain><selector>ml202603</selector><result>{dkim}</result></dkim>
<spf><domain>b.example.org</domain><result>{spf}</result></spf></auth_results></record>"""


def row(source: str = "192.0.2.1", count: int = 3, dkim: str = "pass", spf: str = "fail") -> str:
    return ROW.format(source=source, count=count, dkim=dkim, spf=spf)


def xml(
    *rows: str,
    number: str = "r1",
    begin: int = BEGIN,
    top: str = '<feedback xmlns="urn:ietf:params:xml:ns:dmarc-2.0">',
    before: str = "",
) -> bytes:
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>{before}{top}<version>1.0</version><report_metadata><org_name>Receiver Inc.</org_name>'
        f"<email>dmarc@receiver.example</email><report_id>{number}</report_id><date_range><begin>{begin}</begin><end>{begin + 86399}</end>"
        "</date_range></report_metadata><policy_published><domain>Example.org</domain><p>reject</p><sp>none</sp><testing>n</testing>"
        f"</policy_published>{''.join(rows or (row(),))}</feedback>"
    ).encode()


def zipped(*files: tuple[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files:
            archive.writestr(name, content)
    return out.getvalue()


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(xml(), id="RFC 9990 xml"),
        pytest.param(xml(top="<feedback>"), id="RFC 7489, no namespace"),
        pytest.param(
            xml(top='<d:feedback xmlns:d="urn:ietf:params:xml:ns:dmarc-2.0">').replace(
                b"</feedback>", b"</d:feedback>"
            ),
            id="prefix",
        ),
        pytest.param(gzip.compress(xml()), id="gzip"),
        pytest.param(zipped(("read.me", b"no"), ("r.xml", xml())), id="zip"),
    ],
)
def test_a_report_is_read_in_every_packing(data: bytes) -> None:
    report = read_report(data)
    assert (report.organisation, report.domain, report.report_id) == ("Receiver Inc.", "example.org", "r1")
    assert report.begin == datetime(2026, 3, 2, tzinfo=UTC)
    assert report.policy == "p=reject; sp=none; testing=n"
    [only] = report.rows
    assert (only.source, only.count, only.dkim, only.spf, only.header_from) == (
        "192.0.2.1",
        3,
        True,
        False,
        "example.org",
    )
    assert only.checked == "dkim example.org ml202603 pass, spf b.example.org fail"
    assert only.reasons == "forwarded list"


BOMB = '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;">]>'


@pytest.mark.timeout(20)
@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"hello", id="text"),
        pytest.param(b"<html><body>hello</body></html>", id="another XML"),
        pytest.param(xml()[:-40], id="cut off"),
        pytest.param(gzip.compress(xml())[:30], id="gzip cut off"),
        pytest.param(b"\x1f\x8b" + bytes(50), id="gzip of rubbish"),
        pytest.param(b"PK\x03\x04" + bytes(50), id="zip of rubbish"),
        pytest.param(zipped(), id="empty zip"),
        pytest.param(gzip.compress(b"<feedback>" + b" " * 40_000_000), id="gzip bomb"),
        pytest.param(zipped(("r.xml", b"<feedback>" + b" " * 40_000_000)), id="zip bomb"),
        pytest.param(xml(before=BOMB).replace(b"Receiver Inc.", b"&c;"), id="entity bomb"),
        pytest.param(xml(before='<!DOCTYPE x SYSTEM "file:///etc/passwd">'), id="external document type"),
        pytest.param(b"<feedback>" + b"<a>" * 100_000, id="nested"),
        pytest.param(xml().replace(b"UTF-8", b"x-unknown"), id="unknown encoding"),
        pytest.param(xml(begin=10**14), id="time beyond all calendars"),
        pytest.param(xml().replace(b"<domain>Example.org</domain>", b"", 1), id="no domain"),
    ],
)
def test_what_is_no_report_is_refused_in_a_sentence(data: bytes) -> None:
    with pytest.raises(MalformedMessage) as refused:
        read_report(data)
    assert str(refused.value).endswith(".")


@pytest.mark.parametrize(
    ("changed", "source", "count"),
    [
        pytest.param(row(source="nonsense"), "", 3, id="no address"),
        pytest.param(row(count=-5), "192.0.2.1", 0, id="negative count"),
        pytest.param(row(count=10**30), "192.0.2.1", 0, id="count beyond all"),
        pytest.param("<record/>", "", 0, id="empty row"),
    ],
)
def test_rows_with_broken_values_are_kept_without_them(changed: str, source: str, count: int) -> None:
    [only] = read_report(xml(changed)).rows
    assert (only.source, only.count) == (source, count)


@pytest.fixture
def tables(database: Database) -> Database:
    Base.metadata.create_all(database.engine, tables=[Report.__table__, ReportRow.__table__])  # type: ignore[list-item]  # tables
    return database


def _report(*rows: str, **options: Any) -> AggregateReport:
    return read_report(xml(*rows, **options))


def test_reports_add_up_by_day_and_by_host_and_repeated_ones_count_once(tables: Database) -> None:
    now = datetime(2026, 3, 5, tzinfo=UTC)
    first = _report(row(count=10), row("198.51.100.1", 4, "fail", "fail"))
    second = _report(row(count=5, spf="pass"), number="r2", begin=BEGIN + 86400)
    with tables.write() as session:
        assert keep_report(session, first, arrival_id=None, now=now) is not None
        assert keep_report(session, second, arrival_id=None, now=now) is not None
        assert keep_report(session, first, arrival_id=None, now=now) is None
    since = datetime(2026, 3, 1, tzinfo=UTC)
    with tables.read() as session:
        assert daily(session, "example.org", since=since) == [
            Day(day=date(2026, 3, 2), passed=10, failed=4),
            Day(day=date(2026, 3, 3), passed=5, failed=0),
        ]
        assert hosts(session, "example.org", since=since) == [
            SendingHost(address="192.0.2.1", messages=15, dkim=15, spf=5, failed=0),
            SendingHost(address="198.51.100.1", messages=4, dkim=0, spf=0, failed=4),
        ]
        assert daily(session, "example.net", since=since) == []


@pytest.fixture
def app() -> Iterator[TemporaryApp]:
    with temporary_app(["alias", "catchall", "bounce", "senderauth"]) as app:
        yield app


def letter(
    data: bytes,
    name: str = "receiver.example!example.org!1772409600!1772495999.xml.gz",
    subject: str = "Report Domain: example.org Submitter: receiver.example Report-ID: r1",
) -> bytes:
    return (
        f"From: dmarc@receiver.example\r\nTo: dmarc@example.org\r\nSubject: {subject}\r\nMessage-ID: <r1@receiver.example>\r\n"
        f'Date: Mon, 2 Mar 2026 09:00:00 +0000\r\nMIME-Version: 1.0\r\nContent-Type: application/gzip; name="{name}"\r\n'
        f'Content-Disposition: attachment; filename="{name}"\r\nContent-Transfer-Encoding: base64\r\n\r\n'
    ).encode() + base64.encodebytes(data)


def test_a_report_that_comes_by_mail_is_kept_and_goes_no_further(app: TemporaryApp) -> None:
    received = app.receive(letter(gzip.compress(xml())))
    assert (received.outcome, received.steps[-1]["router"]) == ("reported", "dmarc-report")
    with app.read() as session:
        kept = session.scalars(select(Report)).one()
        assert (kept.domain, kept.messages, kept.passed, kept.arrival_id) == ("example.org", 3, 3, received.arrival_id)
        assert session.scalar(select(func.count()).select_from(ReportRow)) == 1


def test_looking_how_a_report_would_be_routed_keeps_nothing(app: TemporaryApp) -> None:
    assert app.explain(letter(gzip.compress(xml()))).outcome == "reported"
    with app.read() as session:
        assert session.scalar(select(func.count()).select_from(Report)) == 0


def test_a_broken_report_is_said_to_be_one_and_left_to_the_others(app: TemporaryApp) -> None:
    received = app.receive(letter(b"\x1f\x8brubbish"))
    [step] = [step for step in received.steps if step["router"] == "dmarc-report"]
    assert step["verdict"] == "pass"
    assert "cannot be unpacked" in step["why"]


def test_the_command_line_shows_what_was_reported(app: TemporaryApp, tmp_path: Any) -> None:
    file = tmp_path / "report.xml"
    file.write_bytes(xml(row(count=7), begin=int(app.now().timestamp()) - 86400))
    runner = CliRunner()
    said = [
        runner.invoke(dmarc, arguments, obj=app).output
        for arguments in (["read", str(file)], ["list"], ["days", "example.org"], ["hosts", "example.org"])
    ]
    assert "Receiver Inc. about example.org: 1 rows." in said[0]
    assert "example.org" in said[1]
    assert " 7 " in said[2]
    assert "192.0.2.1" in said[3]
    assert "known already" in runner.invoke(dmarc, ["read", str(file)], obj=app).output
