"""What receivers would have reported about the tour's domain in the last fortnight: DMARC aggregate reports, read by the command for files."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

from mailloom.cli.tour_stage import Stage

_DAYS = 14
_RECEIVERS = (("Example Mail", "example.com"), ("Example Post", "example.net"))
_FORGER = "198.51.100.77"


def report_the_past(stage: Stage, domain: str, address: str) -> None:
    """Our own host mostly passes; a forger never does."""
    files = list(_files(stage.app.data_folder, stage.app.now(), domain, address))
    stage.run("dmarc", "read", *map(str, files))
    for file in files:
        file.unlink()


def _files(folder: Path, now: datetime, domain: str, address: str) -> Iterator[Path]:
    for number in range(1, _DAYS + 1):
        begin = (now - timedelta(days=number)).replace(hour=0, minute=0, second=0, microsecond=0)
        organisation, home = _RECEIVERS[number % len(_RECEIVERS)]
        file = folder / f"report-{number}.xml"
        file.write_text(_report(organisation, home, domain, address, begin, number), encoding="utf-8")
        yield file


def _report(organisation: str, home: str, domain: str, address: str, begin: datetime, number: int) -> str:
    rows = [_row(address, 180 + 37 * (number % 5), domain, passed=True)]
    if number % 3 == 0:
        rows.append(_row(_FORGER, 4 + 3 * number, domain, passed=False))
    first, last = int(begin.timestamp()), int((begin + timedelta(days=1)).timestamp()) - 1
    return (
        f"<feedback><report_metadata><org_name>{organisation}</org_name><email>reports@{home}</email>"
        f"<report_id>{first}</report_id><date_range><begin>{first}</begin><end>{last}</end></date_range></report_metadata>"
        f"<policy_published><domain>{domain}</domain><p>none</p></policy_published>{''.join(rows)}</feedback>"
    )


def _row(source: str, count: int, domain: str, *, passed: bool) -> str:
    said = "pass" if passed else "fail"
    return (
        f"<record><row><source_ip>{source}</source_ip><count>{count}</count><policy_evaluated>"
        f"<disposition>none</disposition><dkim>{said}</dkim><spf>{said}</spf></policy_evaluated></row>"
        f"<identifiers><header_from>{domain}</header_from></identifiers><auth_results/></record>"
    )
