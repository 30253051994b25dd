"""The embedded shape's web server: waitress in a thread, and a stop that answers what is under way."""

from __future__ import annotations

import time
from threading import Thread
from wsgiref.types import WSGIApplication

from waitress.server import create_server

MOST_BODY_BYTES = 4 << 20
LOOK_EVERY_SECONDS = 0.05


class PortTaken(Exception):
    """The address cannot be listened on."""


class WebServer:
    """waitress on `host` and `port` (0: a free one) with `threads` threads.

    Bodies are read before a thread is taken, so slow senders cost none. Raises `PortTaken`.
    """

    def __init__(self, app: WSGIApplication, *, host: str, port: int, threads: int) -> None:
        try:
            self._server = create_server(
                app,
                host=host,
                port=port,
                threads=threads,
                max_request_body_size=MOST_BODY_BYTES,
                clear_untrusted_proxy_headers=True,
                ident=None,
            )
        except OSError as error:
            raise PortTaken(f"http://{host}:{port} cannot be listened on: {error.strerror}.") from error
        self._loop = Thread(target=self._server.run, name="web", daemon=True)
        self.port = int(self._server.effective_port)
        self.url = f"http://{'127.0.0.1' if host in ('', '0.0.0.0') else host}:{self.port}"  # noqa: S104

    def start(self) -> None:
        """Take requests, in threads of the server's own."""
        self._loop.start()

    @property
    def is_alive(self) -> bool:
        """Whether the loop that accepts connections runs."""
        return self._loop.is_alive()

    def refuse_new(self) -> None:
        """Close the door: no new connections; what is under way goes on. Runs in the loop's own thread."""
        self._server.trigger.pull_trigger(lambda: (self._server.del_channel(), self._server.socket.close()))

    def finish(self, within_seconds: float) -> bool:
        """Wait until every request is answered. False when time ran out first."""
        deadline = time.monotonic() + within_seconds
        while (busy := self._is_busy()) and time.monotonic() < deadline:
            time.sleep(LOOK_EVERY_SECONDS)
        self._server.task_dispatcher.shutdown(timeout=1)
        return not busy

    def _is_busy(self) -> bool:
        channels = list(self._server.active_channels.values())
        return any(channel.requests or channel.total_outbufs_len for channel in channels)
