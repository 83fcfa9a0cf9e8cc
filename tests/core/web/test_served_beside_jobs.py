"""The web face as `mailloom serve` keeps it: beside the services of addons, started anew when the core's settings change."""

from __future__ import annotations

import socket

import httpx

from mailloom.jobs.serving import Services
from mailloom.testing.application import TemporaryApp
from mailloom.web.serving import WebService


def test_the_face_is_started_anew_when_the_cores_settings_change(app: TemporaryApp) -> None:
    service = WebService("127.0.0.1", 0)
    services = Services(app, app.registry, own=[service])
    services.tend()
    url = f"http://127.0.0.1:{service.port}/health"
    assert "strict-transport-security" not in httpx.get(url).headers
    app.save_settings("core", {"base_url": "https://mail.example.org"})
    services.tend()
    assert "strict-transport-security" in httpx.get(url).headers
    services.stop()
    assert not service.status().running


def test_a_port_that_is_taken_is_tried_again_and_stops_nothing_else(app: TemporaryApp) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        service = WebService("127.0.0.1", taken.getsockname()[1])
        services = Services(app, app.registry, own=[service], again_seconds=0)
        services.tend()
        assert not service.status().running
    services.tend()
    assert service.status().running
    services.stop()
