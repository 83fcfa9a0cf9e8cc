"""The policy file of MTA-STS (RFC 8461 §3.2): written for our domains, read from others."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from .models import PolicyMode

LONGEST_AGE = 31_557_600
_TESTING_AGE = 86_400
_ENFORCED_AGE = 1_209_600
_MOST_LINES = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyFile:
    mode: PolicyMode
    hosts: tuple[str, ...]
    max_age: int


def write_policy(mode: PolicyMode, hosts: Sequence[str]) -> str:
    """Two weeks of trust once it is enforced, a day before."""
    age = _ENFORCED_AGE if mode is PolicyMode.ENFORCE else _TESTING_AGE
    lines = ["version: STSv1", f"mode: {mode}", *(f"mx: {host}" for host in hosts), f"max_age: {age}"]
    return "".join(f"{line}\r\n" for line in lines)


def read_policy(text: str) -> PolicyFile | None:
    """None for what is no policy. Of a repeated field the first counts, unknown ones are passed over."""
    fields: dict[str, str] = {}
    hosts: list[str] = []
    for line in text.splitlines()[:_MOST_LINES]:
        name, colon, value = line.partition(":")
        name, value = name.strip().lower(), value.strip()
        if name == "mx" and value:
            hosts.append(value.lower().rstrip("."))
        elif colon:
            fields.setdefault(name, value)
    mode = next((each for each in PolicyMode if each == fields.get("mode")), None)
    age = fields.get("max_age", "")
    if fields.get("version") != "STSv1" or mode is None or not (age.isascii() and age.isdigit() and len(age) <= 10):
        return None
    if not hosts and mode is not PolicyMode.NONE:
        return None
    return PolicyFile(mode=mode, hosts=tuple(hosts), max_age=min(int(age), LONGEST_AGE))


def matches(policy: PolicyFile, host: str) -> bool:
    """`*.example.org` stands for exactly one label (RFC 8461 §4.1)."""
    host = host.lower().rstrip(".")
    return any(host == each or (each.startswith("*.") and host.partition(".")[2] == each[2:]) for each in policy.hosts)
