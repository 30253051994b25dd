"""The WSGI application of every web process: Django behind a doorman for what servers hand over."""

from __future__ import annotations

import io
import os
from collections.abc import Iterable
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from django.conf import settings
from django.core.wsgi import get_wsgi_application

from portal.operations.checks import refuse_lies

CGI_NAMES = frozenset(
    {
        "CONTENT_LENGTH", "CONTENT_TYPE", "GATEWAY_INTERFACE", "PATH_INFO", "QUERY_STRING", "RAW_URI", "REMOTE_ADDR",
        "REMOTE_HOST", "REMOTE_PORT", "REQUEST_METHOD", "REQUEST_URI", "SCRIPT_NAME", "SERVER_NAME", "SERVER_PORT",
        "SERVER_PROTOCOL", "SERVER_SOFTWARE",
    }
)  # fmt: skip


class Doorman:
    """Stands between the web server and an application, and mends two habits of servers.

    granian (2.8.7) starts each request's environ from the process environment, so that keys and database passwords
    would stand in `request.META`: only what belongs to a request passes. It also hands over a chunked body without a
    length, which Django reads as empty: such a body is read here, at most `most_bytes` and one more, so that the
    application can see that there was too much.
    """

    def __init__(self, app: WSGIApplication, *, most_bytes: int) -> None:
        self._app = app
        self._most_bytes = most_bytes
        # HTTP_PROXY and the like would look as if the caller had sent them.
        self._lookalikes = {name: value for name, value in os.environ.items() if _like_a_request(name)}

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        environ = {name: value for name, value in environ.items() if self._belongs(name, value)}
        if environ.get("wsgi.input_terminated") and not environ.get("CONTENT_LENGTH"):
            body = environ["wsgi.input"].read(self._most_bytes + 1)
            environ["wsgi.input"] = io.BytesIO(body)
            environ["CONTENT_LENGTH"] = str(len(body))
        return self._app(environ, start_response)

    def _belongs(self, name: str, value: object) -> bool:
        return name in CGI_NAMES or (_like_a_request(name) and self._lookalikes.get(name) != value)


def _like_a_request(name: str) -> bool:
    """Headers, and what servers add under dotted names such as `wsgi.input`."""
    return name.startswith("HTTP_") or "." in name


os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
# Nobody waits for a page for longer; workers and commands may take their time.
os.environ.setdefault("DATABASE_STATEMENT_SECONDS", "15")
_django = get_wsgi_application()
refuse_lies()
application = Doorman(_django, most_bytes=settings.WEBHOOK_MAX_BYTES)
