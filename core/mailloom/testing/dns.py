"""A resolver that answers from a dictionary: the DNS of tests.

    resolver = FakeResolver({("example.org", "TXT"): ["v=spf1 -all"]}, failing={"broken.example"})

A name exists when it or a name below it stands there; asking for a failing name (or pair of name and type) raises DnsFailure.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from mailloom.api.dns import NO_SUCH_NAME, DnsAnswer, DnsFailure, RecordType

Zone = Mapping[tuple[str, str], Sequence[str]]


class FakeResolver:
    """`asked` lists every question in its order; `zone` may be changed at any time. Case and a last dot do not matter."""

    def __init__(self, zone: Zone | None = None, *, failing: Collection[str | tuple[str, str]] = ()) -> None:
        self.zone: dict[tuple[str, str], Sequence[str]] = {
            (_plain(name), kind): records for (name, kind), records in (zone or {}).items()
        }
        self.failing: set[str | tuple[str, str]] = set(failing)
        self.asked: list[tuple[str, RecordType]] = []

    def publish(self, name: str, kind: str, *records: str) -> None:
        """Without records the name stays, empty."""
        self.zone[_plain(name), kind] = records

    def ask(self, name: str, record_type: RecordType) -> DnsAnswer:
        key = _plain(name)
        self.asked.append((key, record_type))
        if key in self.failing or (key, record_type.value) in self.failing:
            raise DnsFailure(f"The DNS gave no answer for {name} ({record_type}): timeout.")
        for _ in range(8):
            if (found := self.zone.get((key, record_type.value))) is not None:
                return DnsAnswer(records=tuple(found))
            alias = self.zone.get((key, RecordType.CNAME.value))
            if not alias:
                break
            key = _plain(alias[0])
        known = any(name == key or name.endswith(f".{key}") for name, _ in self.zone)
        return DnsAnswer() if known else NO_SUCH_NAME


def _plain(name: str) -> str:
    return name.lower().rstrip(".")
