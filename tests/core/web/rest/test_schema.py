"""The OpenAPI document is true: generated requests, good and bad, get answers it describes, and never a fault of ours."""

from __future__ import annotations

import warnings
from collections import Counter
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from starlette.types import ASGIApp, Receive, Scope, Send

_CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
# What other machines answer, what changes which routes there are, what ends the own token, and what takes no JSON is tested by itself.
_LEFT_OUT = (
    "/inbound",
    "/inbound/{provider}",
    "/events",
    "/discovery",
    "/sending-domains/{name}/check",
    "/dkim-keys/check",
    "/routing/explain",
    "/webhook-endpoints/{name}/test",
    "/tokens/{token_id}",
    "/accounts/{name}/test",
    "/addons/{name}/install",
    "/addons/{name}/uninstall",
    "/addons/{name}/disable",
)
_EXAMPLES = 6


@pytest.mark.slow
@pytest.mark.postgres
@pytest.mark.timeout(300)
@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE], ids=["good", "bad"])
def test_generated_requests_get_answers_that_are_described(strict_api: Any, mode: GenerationMode) -> None:
    api = strict_api
    api.app.save_settings("core", {"api_requests_per_minute": 100_000})
    face = _signed_in(api.client.app, api.client.headers["authorization"])
    schema = schemathesis.openapi.from_asgi("/api/v1/openapi.json", face)
    failed, statuses = [], Counter[int]()
    for found in schema.get_all_operations():
        operation = found.ok()
        if operation.path in _LEFT_OUT:
            continue
        try:
            _ask(operation, mode, statuses)
        except Exception as error:
            failed.append(f"{operation.label}: {error}")
    assert {200, 404, 422} <= set(statuses)
    assert statuses[401] == statuses[429] == 0
    assert not failed, "\n\n".join(failed)


def _signed_in(face: ASGIApp, authorization: str) -> ASGIApp:
    """The face for a caller whose token never goes missing, whatever headers are made up."""

    async def call(scope: Scope, receive: Receive, send: Send) -> None:
        others = [(name, value) for name, value in scope["headers"] if name != b"authorization"]
        scope["headers"] = [*others, (b"authorization", authorization.encode())]
        await face(scope, receive, send)

    return call


def _ask(operation: Any, mode: GenerationMode, statuses: Counter[int]) -> None:
    with warnings.catch_warnings(action="ignore"):
        cases = operation.as_strategy(generation_mode=mode)

        @seed(7)
        @given(cases)
        @settings(
            max_examples=_EXAMPLES,
            deadline=None,
            database=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        def ask(case: Any) -> None:
            statuses[case.call_and_validate(checks=_CHECKS).status_code] += 1

        ask()
