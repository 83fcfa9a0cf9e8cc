"""One question to the DNS and what came of it, as a value: "could not be asked" is an answer of its own and never "missing"."""

from __future__ import annotations

from dataclasses import dataclass

from mailloom.api.dns import DnsFailure, RecordType, Resolver


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    name: str
    records: tuple[str, ...] = ()
    failure: str = ""
    """Why nothing is known; '' when the DNS answered."""

    def starting(self, prefix: str) -> tuple[str, ...]:
        """The records that begin so, whatever their case."""
        return tuple(record for record in self.records if record.lower().startswith(prefix.lower()))


def ask(resolver: Resolver, name: str, record_type: RecordType) -> Asked:
    """Never raises."""
    try:
        answer = resolver.ask(name, record_type)
    except DnsFailure as error:
        return Asked(name=name, failure=str(error))
    # Servers give records in any order; what is proposed must not change from look to look.
    return Asked(name=name, records=tuple(sorted(map(_visible, answer.records))))


def addresses_of(resolver: Resolver, host: str) -> Asked:
    """IPv4 and IPv6 addresses of a host together."""
    found = [ask(resolver, host, RecordType.A), ask(resolver, host, RecordType.AAAA)]
    records = tuple(record for answer in found for record in answer.records)
    failure = "" if records else next((answer.failure for answer in found if answer.failure), "")
    return Asked(name=host, records=records, failure=failure)


def _visible(record: str) -> str:
    """A stranger's text in one line. What cannot be printed breaks every record that we read, and still does so as a question mark in a box."""
    return "".join(letter if letter.isprintable() else "\ufffd" for letter in record)
