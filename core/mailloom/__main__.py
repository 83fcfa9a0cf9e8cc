"""`python -m mailloom` is the command line too."""

from __future__ import annotations

from mailloom.cli import main

main()
