"""The command line `mailloom`.

Each module here that has `register_commands(root)` brings one command or group; addons add theirs by the hook of the same name.
"""

from __future__ import annotations


def main() -> None:
    """Console script: run the command line and end the process with its exit code."""
    # The imports take the better part of a second; `import mailloom.cli` by itself shall not.
    from mailloom.cli.root import run

    raise SystemExit(run())
