"""`mailloom metrics`: the queues and states of the database in the text format of Prometheus, and the page that `serve --metrics` offers."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import typer

from mailloom.app import App
from mailloom.cli.opening import opened
from mailloom.cli.output import AsJson, print_json
from mailloom.errors import ConfigurationError
from mailloom.jobs.gauges import gauges
from mailloom.metrics import CONTENT_TYPE, exposition, families


def register_commands(root: typer.Typer) -> None:
    root.command("metrics")(metrics)


def metrics(context: typer.Context, as_json: AsJson = False) -> None:
    """Print what the database knows of queues, accounts and jobs, for Prometheus' node exporter or a person."""
    app = opened(context)
    with app.read() as session:
        found = gauges(session, app.now())
    if as_json:
        print_json(found)
    else:
        typer.echo(exposition(found), nl=False)


def page(app: App) -> str:
    """Counters of this process and gauges of the database."""
    with app.read() as session:
        return exposition([*families(), *gauges(session, app.now())])


def offer(app: App, place: str) -> ThreadingHTTPServer:
    """Serve the page at `host:port` (any path) on a thread of its own; ConfigurationError when it cannot be."""
    host, _, port = place.rpartition(":")
    try:
        server = ThreadingHTTPServer((host or "127.0.0.1", int(port)), _handler(app))
    except (ValueError, OSError, OverflowError) as error:
        raise ConfigurationError(
            f"The metrics cannot be offered at {place!r}: {str(error).rstrip('.')}.",
            remedy="Give HOST:PORT, such as 127.0.0.1:9100.",
        ) from error
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, name="metrics", daemon=True).start()
    return server


def _handler(app: App) -> type[BaseHTTPRequestHandler]:
    class Page(BaseHTTPRequestHandler):
        timeout = 10

        def do_GET(self) -> None:
            # The database may be away while somebody looks: the process's own counters are still true.
            try:
                body = page(app)
            except Exception:
                body = exposition(families())
            content = body.encode()
            self.send_response(200)
            self.send_header("Content-Type", CONTENT_TYPE)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: object) -> None:
            """Nobody wants a line for each look."""

    return Page
