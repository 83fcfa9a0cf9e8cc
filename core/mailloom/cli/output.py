"""How the core's commands print: as the addons' do, by `mailloom.api.output`."""

from __future__ import annotations

from mailloom.api.output import (
    AsJson,
    console,
    plain,
    print_error,
    print_json,
    print_record,
    print_records,
    say,
)

__all__ = ["AsJson", "console", "plain", "print_error", "print_json", "print_record", "print_records", "say"]
