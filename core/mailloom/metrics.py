"""Counters of this process in the manner of Prometheus: names that stay, values that only grow, written out as its text format (version 0.0.4).

What the database knows (queues, states) is counted there when asked, see `mailloom.jobs.gauges`; here stands what only the process sees.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One value with its labels."""

    labels: Mapping[str, str] = field(default_factory=dict)
    value: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """All values of one name. `kind`: counter or gauge."""

    name: str
    kind: str
    help: str
    samples: Sequence[Sample]


class Counter:
    """A number that only grows, one for each combination of label values. Safe to share between threads."""

    def __init__(self, name: str, help: str, labels: Sequence[str] = ()) -> None:
        self.name = name
        self.help = help
        self.labels = tuple(labels)
        self._values: dict[tuple[str, ...], float] = {}
        self._lock = threading.Lock()
        _counters.append(self)

    def add(self, amount: float = 1, **labels: str) -> None:
        """Every label of the counter must be given; values must be few and known (states, kinds, names of accounts)."""
        key = tuple(labels[name] for name in self.labels)
        with self._lock:
            self._values[key] = self._values.get(key, 0.0) + amount

    def family(self) -> Family:
        with self._lock:
            values = sorted(self._values.items())
        samples = [Sample(labels=dict(zip(self.labels, key, strict=True)), value=value) for key, value in values]
        return Family(name=self.name, kind="counter", help=self.help, samples=samples)


_counters: list[Counter] = []

FETCHED = Counter("mailloom_fetched_total", "Mails fetched and committed.", ["account"])
SETTLED = Counter("mailloom_settled_total", "Arrivals that were decided about.", ["outcome"])
DELIVERIES = Counter("mailloom_deliveries_total", "Deliveries tried, by what became of them.", ["account", "state"])
JOBS = Counter("mailloom_jobs_total", "Jobs that ran.", ["job", "result"])


def families() -> list[Family]:
    """All counters of this process, by name."""
    return sorted((counter.family() for counter in _counters), key=lambda family: family.name)


def exposition(families: Iterable[Family]) -> str:
    """The text that a Prometheus server reads."""
    lines = []
    for family in families:
        lines += [f"# HELP {family.name} {family.help}", f"# TYPE {family.name} {family.kind}"]
        lines += [f"{family.name}{_labels(sample.labels)} {sample.value:.15g}" for sample in family.samples]
    return "".join(f"{line}\n" for line in lines)


def _labels(labels: Mapping[str, str]) -> str:
    inside = ",".join(f'{name}="{_escaped(value)}"' for name, value in labels.items())
    return f"{{{inside}}}" if inside else ""


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
