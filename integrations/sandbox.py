"""What every stand-in for an outside system shares: what it remembers, what it was asked, and how it is served.

A stand-in lives in `<slug>/sandbox.py` and offers `build(state: Store) -> WSGIApplication`; it is mounted under
`/<slug>`. `python -m integrations` serves all of them on one port of this machine.
"""

from __future__ import annotations

import io
import os
import secrets
import signal
import sqlite3
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from markupsafe import Markup
from werkzeug.middleware.dispatcher import DispatcherMiddleware
from werkzeug.serving import WSGIRequestHandler, make_server
from werkzeug.wrappers import Request, Response

LOOPBACK = "127.0.0.1"
MAX_BODY = 16 * 1024 * 1024
CONTENT_SECURITY_POLICY = "default-src 'none'; style-src 'self'; base-uri 'none'; frame-ancestors 'none'"

Wrap = Callable[[str, WSGIApplication], WSGIApplication]


class Store:
    """What one stand-in remembers: a SQLite database, as the file `<slug>.sqlite3` in `directory`, or in memory.

    `latency_ms` is how long the stand-in should pretend to work on each request of its API, in milliseconds.
    """

    def __init__(self, slug: str, directory: Path | None = None, *, latency_ms: int = 0) -> None:
        self.directory = directory
        self.latency_ms = latency_ms
        self._lock = threading.RLock()
        path = str(directory / f"{slug}.sqlite3") if directory else ":memory:"
        self._database = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=10)
        self._database.row_factory = sqlite3.Row
        # A killed process loses nothing in this mode; only a power cut could, and a stand-in need not survive that.
        self._database.executescript("PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;")

    def create(self, schema: str) -> None:
        """Run the `CREATE TABLE IF NOT EXISTS` statements of a stand-in."""
        with self._lock:
            self._database.executescript(schema)

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """The database, for one thread at a time: everything is committed together, or nothing after an exception."""
        with self._lock:
            self._database.execute("BEGIN IMMEDIATE")
            try:
                yield self._database
            except BaseException:
                self._database.execute("ROLLBACK")
                raise
            self._database.execute("COMMIT")

    def token(self, name: str, variable: str) -> str:
        """The secret from the environment `variable`, else a random one, kept as file `name` that only we may read."""
        if given := os.environ.get(variable):
            return given
        if self.directory is None:
            return secrets.token_urlsafe(32)
        return _kept_token(self.directory / name)

    def close(self) -> None:
        """Close the database; the store cannot be used any more."""
        with self._lock:
            self._database.close()


def _kept_token(path: Path) -> str:
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_text().strip()
    with os.fdopen(descriptor, "w") as file:
        file.write(token := secrets.token_urlsafe(32))
    return token


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """One request that a stand-in got, and the status that it answered."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes
    status: int


class Recorder:
    """Stands before an application and remembers the last requests. Made for tests: it keeps secrets as they came."""

    def __init__(self, app: WSGIApplication, *, keep: int = 1000) -> None:
        self.app = app
        self.seen: deque[Seen] = deque(maxlen=keep)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        request = Request(environ)
        body = keep_body(request)
        path = environ.get("SCRIPT_NAME", "") + environ["PATH_INFO"]
        response = Response.from_app(self.app, environ)
        self.seen.append(
            Seen(
                method=request.method,
                path=path,
                query=environ.get("QUERY_STRING", ""),
                headers=dict(request.headers),
                body=body,
                status=response.status_code,
            )
        )
        return response(environ, start_response)


def keep_body(request: Request) -> bytes:
    """Read the body to its end, and leave it in the environment for whoever comes next.

    Even where the application refuses early: closing a connection with unread bytes resets it, and the sender might
    lose the answer.
    """
    request.max_content_length = MAX_BODY
    body = request.get_data(cache=False)
    request.environ["wsgi.input"] = io.BytesIO(body)
    request.environ["CONTENT_LENGTH"] = str(len(body))
    request.environ.pop("HTTP_TRANSFER_ENCODING", None)
    return body


def unchanged(_slug: str, app: WSGIApplication) -> WSGIApplication:
    """The wrapper that leaves a stand-in as it is."""
    return app


def mount(apps: Mapping[str, WSGIApplication], *, wrap: Wrap = unchanged) -> WSGIApplication:
    """All stand-ins under one port: `/` lists them, each lives under `/<slug>`.

    `wrap` may put something between the server and a stand-in, by slug: a recorder, or disturbances of the network.
    """
    mounts = {f"/{slug}": wrap(slug, app) for slug, app in apps.items()}
    return DispatcherMiddleware(_index(tuple(apps)), mounts)


def _index(slugs: tuple[str, ...]) -> WSGIApplication:
    @Request.application
    def index(request: Request) -> Response:
        if request.path == "/sandbox.css":
            return Response(Path(__file__).with_name("sandbox.css").read_bytes(), mimetype="text/css")
        if request.path != "/":
            return Response("There is nothing here.\n", status=404)
        links = Markup("").join(Markup('<li><a href="/{0}/">{0}</a></li>').format(slug) for slug in slugs)
        about = Markup("<p>Stand-ins for outside systems, for trying things out.</p>")
        return page("Sandbox", about + Markup("<ul>{}</ul>").format(links))

    return index


def page(title: str, body: Markup) -> Response:
    """A plain web page that needs no script and no inline style."""
    html = Markup(
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<link rel="stylesheet" href="/sandbox.css"></head><body><main><h1>{title}</h1>{body}</main></body></html>'
    ).format(title=title, body=body)
    return Response(html, mimetype="text/html", headers={"Content-Security-Policy": CONTENT_SECURITY_POLICY})


class _Quiet(WSGIRequestHandler):
    """Request lines in the terminal would drown what the demo prints; the recorder remembers them."""

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        pass


class Server:
    """A threaded WSGI server on this machine. Port 0 picks a free one; `url` says where it listens.

    As a context manager it serves from a thread of its own and stops at the end.
    """

    def __init__(self, app: WSGIApplication, *, port: int = 0) -> None:
        self._server = make_server(LOOPBACK, port, app, threaded=True, request_handler=_Quiet)
        # Looks for the end this often; a stop waits as long.
        seconds = 0.05
        self._thread = threading.Thread(target=self._server.serve_forever, args=(seconds,), name="sandbox", daemon=True)
        self.url = f"http://{LOOPBACK}:{self._server.port}"

    def start(self) -> None:
        """Serve from a thread."""
        self._thread.start()

    def stop(self) -> None:
        """Take no more requests and free the port."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def serve(app: WSGIApplication, *, port: int) -> None:
    """Serve until SIGTERM or SIGINT. Prints `ready <url>` once requests are taken. For a process of its own."""
    over = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: over.set())
    with Server(app, port=port) as server:
        sys.stdout.write(f"ready {server.url}\n")
        sys.stdout.flush()
        over.wait()
