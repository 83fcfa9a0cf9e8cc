"""What asking the addons costs, against pluggy's own call of the same functions, in one run, interleaved.

    .venv/bin/python bench/hooks.py [--rounds 7] [--calls 20000]

Three addons implement each hook and have no opinion (the usual case: nobody denies a recipient, nobody explains a reply). Printed: microseconds a
call and the ratio to pluggy as the median over rounds of the ratio inside one round; then the time of one `Registry.load` with all bundled addons
that can be installed here.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType
from typing import Any, cast

from cryptography.fernet import Fernet
from sqlalchemy.orm import Session

from mailloom.api import Purpose, hookimpl
from mailloom.errors import MailloomError
from mailloom.mail.message import parse
from mailloom.registry import Hooks, Registry
from mailloom.registry.implementations import Implementations
from mailloom.registry.plugins import new_plugin_manager
from mailloom.store.database import Database
from mailloom.store.secrets import Keys

ADDONS = 3


def _modules() -> dict[str, ModuleType]:
    modules = {}
    for number in range(ADDONS):
        module = ModuleType(f"addon{number}")

        @hookimpl
        def deny_recipients(addresses: Sequence[str], purpose: Purpose, topic: str, session: Session) -> None:
            return None

        @hookimpl
        def explain_failure(reply: str, protocol: str, kind: str) -> None:
            return None

        @hookimpl
        def trim_reply(message: Any) -> None:
            return None

        vars(module).update(deny_recipients=deny_recipients, explain_failure=explain_failure, trim_reply=trim_reply)
        modules[module.__name__] = module
    return modules


def _pairs() -> dict[str, tuple[Callable[[], object], Callable[[], object]]]:
    """For each hook: mailloom's call and pluggy's."""
    modules = _modules()
    hooks = Hooks(Implementations(modules, lambda addon, hook, reason: None))
    plugins = new_plugin_manager()
    for name, module in modules.items():
        plugins.register(module, name=name)
    session, mail = cast(Session, None), parse(b"From: ann@example.org\r\n\r\nHello\r\n")
    purpose, peer, addresses = Purpose.MARKETING, plugins.hook, ["ann@example.org"]
    return {
        "deny_recipients": (
            lambda: hooks.deny_recipients(addresses, purpose, "", session),
            lambda: peer.deny_recipients(addresses=addresses, purpose=purpose, topic="", session=session),
        ),
        "explain_failure": (
            lambda: hooks.explain_failure("550 no", "smtp", "smtp"),
            lambda: peer.explain_failure(reply="550 no", protocol="smtp", kind="smtp"),
        ),
        "trim_reply": (lambda: hooks.trim_reply(mail), lambda: peer.trim_reply(message=mail)),
    }


def _microseconds(call: Callable[[], object], calls: int) -> float:
    start = time.perf_counter()
    for _ in range(calls):
        call()
    return (time.perf_counter() - start) / calls * 1e6


def _load_milliseconds(rounds: int) -> tuple[float, int]:
    with tempfile.TemporaryDirectory() as folder:
        database = Database(f"sqlite:///{Path(folder) / 'bench.db'}")
        keys = Keys([Fernet.generate_key().decode()])
        registry = Registry(database, keys, now=lambda: datetime.now(UTC), entry_points=False)
        registry.upgrade("core")
        for name in list(registry.found):
            try:
                registry.install(name)
            except MailloomError as error:
                print(f"  without {name}: {error}")
        times = []
        for _ in range(rounds):
            start = time.perf_counter()
            registry.load()
            times.append((time.perf_counter() - start) * 1000)
        at_work = sum(addon.at_work for addon in registry.addons.values())
        database.close()
    return statistics.median(times), at_work


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--calls", type=int, default=20_000)
    given = parser.parse_args()
    for hook, (ours, peers) in _pairs().items():
        rounds = [(_microseconds(ours, given.calls), _microseconds(peers, given.calls)) for _ in range(given.rounds)]
        ratio = statistics.median(peer / own for own, peer in rounds)
        own, peer = (statistics.median(column) for column in zip(*rounds, strict=True))
        print(f"{hook:16} mailloom {own:6.2f} µs   pluggy {peer:6.2f} µs   {ratio:.2f}x")
    milliseconds, addons = _load_milliseconds(given.rounds)
    print(f"load with {addons} addons at work: {milliseconds:.1f} ms")


if __name__ == "__main__":
    main()
