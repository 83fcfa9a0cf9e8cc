"""The command line `mailloom`.

Each module here that has `register_commands(root)` brings one command or group; addons add theirs by the hook of the same name.
"""

from __future__ import annotations

import sys


def main() -> None:
    """Console script: run the command line and end the process with its exit code."""
    if sys.argv[1:2] == ["inspect"]:
        # It needs no installation and reads mails by the hundred, so it does not wait for the rest to be imported.
        from mailloom.cli.inspect import run_alone

        raise SystemExit(run_alone(sys.argv[2:]))
    # The imports take the better part of a second; `import mailloom.cli` by itself shall not.
    from mailloom.cli.root import run

    raise SystemExit(run())
