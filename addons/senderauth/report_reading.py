"""Aggregate reports: what receivers say they saw under a domain's name (RFC 9990 §3.1, and RFC 7489 App. C before it).

A report is a stranger's XML in a stranger's archive: unpacked to a limit, without document types or entities, a bounded number of
rows, texts cut. Names are compared without their namespace; elements that are not known are passed over.
"""

from __future__ import annotations

import io
import zipfile
import zlib
from dataclasses import dataclass, field
from datetime import UTC, datetime
from ipaddress import ip_address
from xml.parsers import expat  # document types and entities are refused below

from mailloom.errors import MalformedMessage

MOST_OCTETS = 20_000_000
MOST_ROWS = 50_000
_LONGEST_TEXT = 1000
_DEEPEST = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportRow:
    """What came from one host. `dkim` and `spf`: whether it passed *and* aligned. Names that were not given are ''."""

    source: str
    count: int
    disposition: str
    dkim: bool
    spf: bool
    header_from: str
    envelope_from: str
    checked: str
    """What was checked and found: `dkim example.org ml202603 pass, spf example.org pass`."""
    reasons: str
    """Why the receiver did other than the policy says."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AggregateReport:
    organisation: str
    email: str
    report_id: str
    domain: str
    begin: datetime
    end: datetime
    policy: str
    """What the receiver read: `p=reject; sp=none`."""
    rows: tuple[ReportRow, ...]


def unpack(data: bytes) -> bytes:
    """The XML in a gzip, a zip (its first .xml file) or as it is; MalformedMessage when it is none or too large."""
    try:
        if data.startswith(b"\x1f\x8b"):
            unpacked = zlib.decompressobj(wbits=31).decompress(data, MOST_OCTETS + 1)
        elif data.startswith(b"PK\x03\x04"):
            unpacked = _unzipped(data)
        else:
            unpacked = data
    except (zlib.error, zipfile.BadZipFile, RuntimeError, NotImplementedError, OSError, EOFError, ValueError) as error:
        raise MalformedMessage(f"The report's archive cannot be unpacked: {type(error).__name__}.") from error
    if len(unpacked) > MOST_OCTETS:
        raise MalformedMessage(f"The report is larger than {MOST_OCTETS:,} bytes.")
    return unpacked


def _unzipped(data: bytes) -> bytes:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        files = [entry for entry in archive.infolist() if not entry.is_dir()]
        chosen = next((entry for entry in files if entry.filename.lower().endswith(".xml")), next(iter(files), None))
        if chosen is None:
            raise MalformedMessage("The report's archive is empty.")
        with archive.open(chosen) as file:
            return file.read(MOST_OCTETS + 1)


@dataclass(slots=True)
class _Reader:
    """Follows the elements; what is known ends up in `head` or in the row that is open."""

    path: list[str] = field(default_factory=list)
    text: list[str] = field(default_factory=list)
    length: int = 0
    head: dict[str, str] = field(default_factory=dict)
    row: dict[str, str] = field(default_factory=dict)
    checks: list[list[str]] = field(default_factory=list)
    reasons: list[list[str]] = field(default_factory=list)
    rows: list[ReportRow] = field(default_factory=list)

    def start(self, name: str, _attributes: object) -> None:
        if len(self.path) >= _DEEPEST:
            raise MalformedMessage("The report is nested deeper than reports are.")
        self.path.append(name.rpartition(":")[2])
        self.text, self.length = [], 0
        match self.path[2:]:
            case ["auth_results", method]:
                self.checks.append([method])
            case ["row", "policy_evaluated", "reason"]:
                self.reasons.append([])

    def characters(self, text: str) -> None:
        if self.length < _LONGEST_TEXT:
            self.text.append(text[: _LONGEST_TEXT - self.length])
            self.length += len(text)

    def end(self, _name: str) -> None:
        value = "".join(self.text).strip()
        match self.path:
            case ["feedback", ("report_metadata" | "policy_published") as block, *names] if names:
                self.head.setdefault("/".join([block, *names]), value)
            case ["feedback", "record"]:
                self._close_row()
            case ["feedback", "record", "auth_results", _, ("domain" | "selector" | "result")] if len(self.checks) < 20:
                self.checks[-1].append(value)
            case ["feedback", "record", "row", "policy_evaluated", "reason", _] if len(self.reasons) < 20:
                self.reasons[-1].append(value)
            case ["feedback", "record", *names] if names:
                self.row.setdefault("/".join(names), value)
        self.path.pop()
        self.text, self.length = [], 0

    def _close_row(self) -> None:
        if len(self.rows) >= MOST_ROWS:
            raise MalformedMessage(f"The report has more than {MOST_ROWS:,} rows.")
        self.rows.append(_row(self.row, self.checks, self.reasons))
        self.row, self.checks, self.reasons = {}, [], []


def read_report(data: bytes) -> AggregateReport:
    """The report in an attachment's bytes, packed or not; MalformedMessage says why it is none."""
    reader = _Reader()
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    parser.CharacterDataHandler = reader.characters
    parser.StartDoctypeDeclHandler = _refuse
    parser.EntityDeclHandler = _refuse
    try:
        parser.Parse(unpack(data), True)
    except (expat.ExpatError, ValueError, LookupError) as error:
        raise MalformedMessage(f"The report is no well-formed XML: {error}.") from error
    head = reader.head
    domain = head.get("policy_published/domain", "").lower().rstrip(".")[:253]
    if not domain or "report_metadata/report_id" not in head:
        raise MalformedMessage("The XML is no aggregate report: it names no domain or no report id.")
    return AggregateReport(
        organisation=head.get("report_metadata/org_name", "")[:200],
        email=head.get("report_metadata/email", "")[:320],
        report_id=head["report_metadata/report_id"][:250],
        domain=domain,
        begin=_moment(head.get("report_metadata/date_range/begin", "")),
        end=_moment(head.get("report_metadata/date_range/end", "")),
        policy=_policy(head),
        rows=tuple(reader.rows),
    )


def _refuse(*_: object) -> None:
    raise MalformedMessage("The report brings its own document type or entities, which reports must not.")


def _policy(head: dict[str, str]) -> str:
    names = ("p", "sp", "np", "adkim", "aspf", "testing", "fo", "pct")
    given = [f"{name}={value}" for name in names if (value := head.get(f"policy_published/{name}", ""))]
    return "; ".join(given)[:250]


def _moment(text: str) -> datetime:
    """Seconds since 1970; MalformedMessage for anything else."""
    try:
        return datetime.fromtimestamp(int(text[:15]), UTC)
    except (ValueError, OverflowError, OSError) as error:
        raise MalformedMessage(f"The report's date range is no time: {text[:30]!r}.") from error


def _row(values: dict[str, str], checks: list[list[str]], reasons: list[list[str]]) -> ReportRow:
    return ReportRow(
        source=_source(values.get("row/source_ip", "")),
        count=_count(values.get("row/count", "")),
        disposition=values.get("row/policy_evaluated/disposition", "").lower()[:20],
        dkim=values.get("row/policy_evaluated/dkim", "").lower() == "pass",
        spf=values.get("row/policy_evaluated/spf", "").lower() == "pass",
        header_from=values.get("identifiers/header_from", "").lower()[:253],
        envelope_from=values.get("identifiers/envelope_from", "").lower()[:253],
        checked=", ".join(" ".join(check) for check in checks)[:1000],
        reasons=", ".join(" ".join(reason) for reason in reasons)[:1000],
    )


def _source(text: str) -> str:
    try:
        return str(ip_address(text))
    except ValueError:
        return ""


def _count(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 12 else 0
