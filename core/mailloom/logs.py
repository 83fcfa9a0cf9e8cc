"""What is written into the log, and how: lines for people on a terminal, JSON lines for everything else; always on stderr.

MAILLOOM_LOG says from which level on (debug, info, warning, error). Mail addresses are masked unless the level is debug; secrets never reach a log,
because tracebacks are written without the values of variables.
"""

from __future__ import annotations

import logging
import os
import re
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog

from mailloom.errors import ConfigurationError

VARIABLE = "MAILLOOM_LOG"
_LEVELS = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}
_ADDRESS = re.compile(r"[^\s<>@,;:\"'()\[\]]{1,64}@(?=[\w-])")
_LONGEST_VALUE = 20_000

Event = MutableMapping[str, Any]


def set_up_logs(default: str) -> None:
    """Once for a process, before anything is logged. `default` is the level where MAILLOOM_LOG says none."""
    named = os.environ.get(VARIABLE, "").strip().lower() or default
    if named not in _LEVELS:
        raise ConfigurationError(f"{VARIABLE} is {named!r}.", remedy=f"One of: {', '.join(_LEVELS)}.")
    people = sys.stderr.isatty()
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            *([] if people else [structlog.processors.format_exc_info]),
            *([] if named == "debug" else [mask_addresses]),
            _for_people() if people else structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(_LEVELS[named]),
        # Asked for at each line, because a process may exchange its stderr (daemons, tests).
        logger_factory=lambda *_: structlog.PrintLogger(sys.stderr),
        cache_logger_on_first_use=False,
    )


def mask_addresses(_logger: Any, _method: str, event: Event) -> Event:
    """The domain stays, which is what delivery problems hang on; who it was does not."""
    for name, value in event.items():
        if isinstance(value, str):
            event[name] = _ADDRESS.sub("…@", value[:_LONGEST_VALUE])
        elif isinstance(value, (list, tuple)):
            event[name] = [_ADDRESS.sub("…@", str(each)[:_LONGEST_VALUE]) for each in value[:100]]
    return event


def _for_people() -> Any:
    return structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
