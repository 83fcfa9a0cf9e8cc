"""The text that the IT department of a customer gets: which records to publish, why, and how to see that all is well."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from .checking import DomainReport
from .findings import Record, Topic
from .showing import record_lines

_WANTED = (Topic.SPF, Topic.DKIM, Topic.DMARC)
_TITLES = {
    Topic.SPF: "SPF: the servers that may send for the domain",
    Topic.DKIM: "DKIM: the key by which receivers check our signatures",
    Topic.DMARC: "DMARC: asks receivers for reports; changes nothing for your own mail",
}


def subject(domain: str) -> str:
    return f"DNS records for mail of {domain}"


def handover_text(report: DomainReport, *, organisation: str) -> str:
    """Plain text, complete as an e-mail. What is in order is not asked for."""
    return "\n".join(_lines(report, organisation)) + "\n"


def missing_records(report: DomainReport) -> list[tuple[Topic, Record, str]]:
    """What has still to be published in the domain's own zone, with what to do about it; each record once."""
    found: dict[tuple[str, str, str], tuple[Topic, Record, str]] = {}
    for finding in report.findings:
        if finding.topic in _WANTED and finding.severity in ("bad", "warning"):
            for record in finding.records:
                if not f".{record.name}".endswith(f".{report.domain}"):
                    continue
                found.setdefault((record.name, record.type, record.value), (finding.topic, record, finding.remedy))
    return list(found.values())


def _lines(report: DomainReport, organisation: str) -> Iterator[str]:
    records = missing_records(report)
    yield "Hello,"
    yield ""
    yield f"{organisation or 'We'} will send mail with addresses of {report.domain}. So that receivers can tell it from forged mail,"
    if not records:
        yield "some records must stand in the DNS of the domain. They stand there already; there is nothing to do."
        return
    yield f"please publish {_counted(records)} in the DNS of the domain. Nothing else changes: your own mail goes on as before."
    for topic in _WANTED:
        of_topic = [(record, remedy) for each, record, remedy in records if each is topic]
        if of_topic:
            yield ""
            yield f"{_TITLES[topic]}"
        for record, remedy in of_topic:
            yield from record_lines(record)
            yield f"      note   {remedy}"
    yield ""
    yield "There must be only one SPF record and one DMARC record: replace those that are there, do not add a second one."
    yield "Some web forms add the domain to the name by themselves; then leave it out. The changes are seen within an hour"
    yield "as a rule, at the latest after 48 hours. We look again by ourselves and tell you if something is missing."
    yield ""
    yield "Thank you."


def _counted(records: Sequence[object]) -> str:
    return "this record" if len(records) == 1 else f"these {len(records)} records"
