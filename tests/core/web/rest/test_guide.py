"""The examples of docs/api.md, run as they stand."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mailloom.web.rest.application import permissions
from mailloom.web.serving import WebService

GUIDE = Path(__file__).parents[4] / "docs" / "api.md"
pytestmark = pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")


@pytest.fixture
def served(plain_api: Any) -> Iterator[dict[str, str]]:
    """The environment of somebody who tries the examples."""
    service = WebService("127.0.0.1", 0)
    service.start(plain_api.app)
    token = plain_api.client.headers["authorization"].removeprefix("Bearer ")
    yield {"MAILLOOM": f"http://127.0.0.1:{service.port}", "TOKEN": token, "PATH": "/usr/bin:/bin"}
    service.stop(5)


def test_the_examples_of_the_guide_work(served: dict[str, str]) -> None:
    examples = re.findall(r"```sh\n(.*?)```", GUIDE.read_text(), re.DOTALL)
    answers = []
    for example in examples:
        ran = subprocess.run(["bash", "-euc", example], env=served, capture_output=True, text=True, timeout=30)
        assert ran.returncode == 0, ran.stderr
        answers.append(json.loads(ran.stdout))
    sent, traced, taken, listed = answers
    assert sent == {"id": 1, "deliveries": [1], "refused": [], "repeated": False}
    assert traced["deliveries"][0]["address"] == "ann@example.com"
    assert taken["arrival_id"] == 1
    assert len(listed["items"]) == 1


def test_the_guide_names_every_resource(api_of_all: Any) -> None:
    named = set(re.findall(r"`(/[a-z-]+)`", GUIDE.read_text()))
    served = {"/" + path.split("/")[1] for _, path in permissions(api_of_all.app)}
    assert served - named == set()
    assert named - served == set()


def test_what_the_guide_quotes_stands_in_its_file() -> None:
    quoted = re.findall(r"```python (\S+)\n(.*?)```", GUIDE.read_text(), re.DOTALL)
    assert quoted
    for file, code in quoted:
        assert code in (GUIDE.parents[1] / file).read_text()
