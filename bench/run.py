"""Every benchmark in turn: `make bench`, or `python bench/run.py [NAME …]` for some. What needs a part that is missing says so and is passed over."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
PASSED_OVER = {"run", "bounces"}
"""This, and what needs a folder of messages: `make bench-bounces CORPUS=folder`."""


def main() -> int:
    names = sys.argv[1:] or sorted(path.stem for path in HERE.glob("*.py") if path.stem not in PASSED_OVER)
    failed = []
    for name in names:
        script = HERE / f"{name}.py"
        if not script.exists():
            sys.exit(
                f"There is no benchmark {name}; there are: {', '.join(sorted(path.stem for path in HERE.glob('*.py')))}"
            )
        print(f"\n=== {name}: {first_line(script)}", flush=True)
        if subprocess.run([sys.executable, str(script)], check=False).returncode:
            failed.append(name)
    if failed:
        print(f"\nnot measured: {', '.join(failed)}")
    return 1 if failed else 0


def first_line(script: Path) -> str:
    return script.read_text().split('"""')[1].strip().splitlines()[0]


if __name__ == "__main__":
    sys.exit(main())
