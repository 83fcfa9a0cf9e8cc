"""The doctor's look at the public address."""

from __future__ import annotations

import pytest

from mailloom.api.settings import CoreSettings
from mailloom.jobs.checkup_web import web_findings


def _refuses(url: str) -> bytes:
    raise ConnectionRefusedError("Connection refused")


@pytest.mark.parametrize(
    ("url", "answer", "expected"),
    [
        pytest.param("", b"", [("warning", "no public address")], id="none"),
        pytest.param("https://m.example.org", b'{"name": "mailloom"}', [("good", "answers")], id="well"),
        pytest.param("http://localhost:8025", b'{"name": "mailloom"}', [("good", "answers")], id="this machine"),
        pytest.param(
            "http://m.example.org", b'{"name": "mailloom"}', [("bad", "not encrypted"), ("good", "answers")], id="plain"
        ),
        pytest.param("https://m.example.org", b"<html>", [("warning", "Nobody answers")], id="no JSON"),
        pytest.param("https://m.example.org", b"[1]", [("warning", "another program")], id="another program"),
        pytest.param("https://m.example.org", None, [("warning", "Connection refused")], id="nobody"),
    ],
)
def test_the_public_address(url: str, answer: bytes | None, expected: list[tuple[str, str]]) -> None:
    asked: list[str] = []

    def fetch(where: str) -> bytes:
        asked.append(where)
        return answer if answer is not None else _refuses(where)

    found = [
        (finding.severity.value, finding.text)
        for finding in web_findings(CoreSettings.model_validate({"base_url": url}), fetch)
    ]
    assert [severity for severity, _ in found] == [severity for severity, _ in expected]
    assert all(words in text for (_, text), (_, words) in zip(found, expected, strict=True))
    assert asked == ([f"{url}/health"] if url else [])
