"""Every request to the stand-in, and every answer of it, against the stripped OpenAPI documents of `contracts`.

Stricter than the documents in three ways: a body has no member and a query no name that they do not know, an
idempotency key is a GUID, and every answer carries the three headers of the quota. Looser in two: refusals that
Codat's pages name for every call need not stand at the call itself; and a record that is pushed need not have what the
document demands of every record, its totals for one, since the push model of the platform says what to send.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from werkzeug.wrappers import Request, Response

from integrations.exact import from_json
from integrations.sandbox import keep_body
from tests.integrations.codat.documents import Call, calls, faults_of, parts_of, unknown_members

_EVERYWHERE: Final = frozenset({400, 401, 402, 403, 404, 405, 409, 422, 429, 451, 500, 503})
_NOT_JUDGED: Final = ("/control/", "/link/", "/books/", "/logos/", "/truth")
_QUOTA: Final = ("X-Rate-Limit-Limit", "X-Rate-Limit-Remaining", "X-Rate-Limit-Reset")
_BASIC: Final = re.compile(r"Basic [A-Za-z0-9+/]+=*")


@dataclass
class Checked:
    """Stands before the stand-in and remembers what broke a schema."""

    app: WSGIApplication
    violations: list[str] = field(default_factory=list)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        request = Request(environ)
        if request.path == "/" or request.path.startswith(_NOT_JUDGED):
            return self.app(environ, start_response)
        body = keep_body(request)
        call = next((one for one in calls() if _is(one, request)), None)
        found = list(_of_request(call, Request(environ), body))
        # The form was read for judging; the stand-in reads it anew.
        environ["wsgi.input"].seek(0)
        environ.pop("werkzeug.request", None)
        response = Response.from_app(self.app, environ, buffered=True)
        found += _of_answer(call, response)
        self.violations += [f"{request.method} {request.path}: {one}" for one in found]
        return response(environ, start_response)

    def forgive(self) -> None:
        """Forget what was sent wrong on purpose."""
        self.violations.clear()


def checked(app: WSGIApplication) -> Checked:
    """The application behind its judge; `violations` has to be empty in the end."""
    return Checked(app)


def _is(call: Call, request: Request) -> bool:
    return call.method == request.method and call.pattern.fullmatch(request.path) is not None


def _of_request(call: Call | None, request: Request, body: bytes) -> Iterator[str]:
    if call is None:
        yield "there is no such call"
        return
    if not _BASIC.fullmatch(request.headers.get("Authorization", "")):
        yield "the header Authorization is not Basic with a key"
    if (key := request.headers.get("Idempotency-Key")) and not _is_guid(key):
        yield "the idempotency key is no GUID"
    yield from _of_parameters(call, request)
    yield from _of_body(call, request, body)


def _of_parameters(call: Call, request: Request) -> Iterator[str]:
    given = call.pattern.fullmatch(request.path)
    assert given is not None
    known = {(one["in"], one["name"]): one for one in call.about["parameters"]}
    for name, text in given.groupdict().items():
        if ("path", name) in known:
            yield from faults_of(text, known["path", name]["schema"], call.document)
    for name, text in request.args.items():
        if ("query", name) not in known:
            yield f"the query {name} is not known"
        else:
            schema = known["query", name]["schema"]
            yield from faults_of(_typed(text, schema, call.document), schema, call.document)


def _typed(text: str, schema: Mapping[str, Any], document: str) -> Any:
    """A text of the query as the number that it stands for, where one is wanted."""
    wanted = {part.get("type") for part in parts_of(schema, document)}
    if wanted & {"integer", "number"} and text.lstrip("-").isdecimal():
        return int(text)
    return text == "true" if "boolean" in wanted and text in {"true", "false"} else text


def _of_body(call: Call, request: Request, body: bytes) -> Iterator[str]:
    about = call.about.get("body")
    if about is None:
        yield from ["a body came where none is known"] if body else []
    elif about["type"] == "multipart/form-data":
        if request.mimetype != about["type"] or len(list(request.files.values())) != 1:
            yield "one file as multipart/form-data is wanted"
    elif body:
        yield from _of_json(call, request, body)
    elif "products" not in call.path:
        yield "a body is wanted"


def _of_json(call: Call, request: Request, body: bytes) -> Iterator[str]:
    about = call.about["body"]
    if request.mimetype != "application/json":
        yield f"the content type is {request.mimetype}"
    try:
        given = from_json(body.decode())
    except ValueError:
        yield "the body is no JSON"
        return
    yield from faults_of(given, about["schema"], call.document, is_pushed="/push/" in call.path)
    yield from unknown_members(given, about["schema"], call.document)


def _of_answer(call: Call | None, response: Response) -> Iterator[str]:
    for name in _QUOTA:
        if call is not None and name not in response.headers:
            yield f"the answer has no {name}"
    status = response.status_code
    if not 200 <= status < 300:
        yield from _of_refusal(response)
    elif call is not None and str(status) not in call.about["answers"]:
        yield f"the answer {status} is not known"
    elif call is not None and (about := call.about["answers"][str(status)]) and about["type"] == "application/json":
        given = from_json(response.get_data(as_text=True))
        yield from (f"the answer: {one}" for one in faults_of(given, about["schema"], call.document))


def _of_refusal(response: Response) -> Iterator[str]:
    if response.status_code not in _EVERYWHERE:
        yield f"the answer {response.status_code} is not known"
        return
    given = from_json(response.get_data(as_text=True))
    schema = {"$ref": "#/components/schemas/ErrorMessage"}
    yield from (f"the refusal: {one}" for one in faults_of(given, schema, "platform"))
    if given.get("statusCode") != response.status_code:
        yield "the refusal tells another status than it has"


def _is_guid(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True
