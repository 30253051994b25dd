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
from functools import cache
from pathlib import Path
from typing import Any, Final
from uuid import UUID
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

import jsonschema
import referencing
import referencing.jsonschema
from werkzeug.wrappers import Request, Response

from integrations.exact import from_json
from integrations.sandbox import keep_body

CONTRACTS: Final = Path(__file__).with_name("contracts")
# A later one wins: the documents of payables know more of a data type than the one of the platform.
_DOCUMENTS: Final = ("platform", "payables-asynchronous", "payables-synchronous", "by-hand")
_EVERYWHERE: Final = frozenset({400, 401, 402, 403, 404, 405, 409, 422, 429, 451, 500, 503})
_NOT_JUDGED: Final = ("/control/", "/link/", "/books/", "/logos/", "/truth")
_QUOTA: Final = ("X-Rate-Limit-Limit", "X-Rate-Limit-Remaining", "X-Rate-Limit-Reset")
_BASIC: Final = re.compile(r"Basic [A-Za-z0-9+/]+=*")


@dataclass(frozen=True, slots=True)
class Call:
    """One call of a document: what it takes and gives. `path` has names in braces, `pattern` groups for them."""

    document: str
    method: str
    path: str
    pattern: re.Pattern[str]
    about: Mapping[str, Any]


@cache
def _contract(name: str) -> Any:
    return from_json((CONTRACTS / f"{name}.json").read_text())


@cache
def _registry() -> Any:
    resources = {name: referencing.jsonschema.DRAFT202012.create_resource(_contract(name)) for name in _DOCUMENTS}
    return referencing.Registry().with_resources((f"urn:{name}", one) for name, one in resources.items())


@cache
def calls() -> tuple[Call, ...]:
    """All calls; of two paths that both fit, the one with fewer names comes first."""
    found: dict[tuple[str, str], Call] = {}
    for document in _DOCUMENTS:
        for path, methods in _contract(document)["paths"].items():
            for method, about in methods.items():
                pattern = re.compile(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", path))
                found[method.upper(), path] = Call(document, method.upper(), path, pattern, about)
    return tuple(sorted(found.values(), key=lambda one: one.path.count("{")))


def faults_of(value: Any, schema: Mapping[str, Any], document: str, *, is_pushed: bool = False) -> Iterator[str]:
    """What is wrong with a value, each as the place and the words.

    `is_pushed`: a record on its way in need not have what every record that is read has, such as its totals.
    """
    absolute = _absolute(schema, document)
    # Its formats include GUIDs and addresses.
    judge = jsonschema.Draft202012Validator(
        absolute, registry=_registry(), format_checker=jsonschema.FormatChecker(("uuid",))
    )
    for error in judge.iter_errors(value):
        if is_pushed and error.validator == "required" and not error.absolute_path:
            continue
        yield f"{'/'.join(map(str, error.absolute_path)) or 'the whole'}: {error.message[:300]}"


def _absolute(schema: Any, document: str) -> Any:
    """The schema with references that name their document."""
    if isinstance(schema, list):
        return [_absolute(one, document) for one in schema]
    if not isinstance(schema, Mapping):
        return schema
    return {
        name: f"urn:{document}{one}" if name == "$ref" else _absolute(one, document) for name, one in schema.items()
    }


def unknown_members(value: Any, schema: Mapping[str, Any], document: str, place: str = "") -> Iterator[str]:
    """Members of objects that the schema does not know: most of them are misspelt."""
    parts = list(_parts(schema, document))
    if isinstance(value, list):
        yield from _of_items(value, parts, document, place)
    if not isinstance(value, Mapping):
        return
    known = {name: member for part in parts for name, member in part.get("properties", {}).items()}
    if not known or any(part.get("additionalProperties") for part in parts):
        return
    for name, one in value.items():
        if name in known:
            yield from unknown_members(one, known[name], document, f"{place}/{name}")
        else:
            yield f"{place}/{name} is not in the schema"


def _of_items(value: list[Any], parts: list[Mapping[str, Any]], document: str, place: str) -> Iterator[str]:
    for number, one in enumerate(value):
        for part in parts:
            if "items" in part:
                yield from unknown_members(one, part["items"], document, f"{place}/{number}")


def _parts(schema: Mapping[str, Any], document: str) -> Iterator[Mapping[str, Any]]:
    """The schema and everything that it is put together from."""
    if "$ref" in schema:
        target = _contract(document)
        for name in schema["$ref"].removeprefix("#/").split("/"):
            name = name.replace("~1", "/")  # noqa: PLW2901
            target = target[int(name)] if isinstance(target, list) else target[name]
        yield from _parts(target, document)
    yield schema
    for word in ("allOf", "anyOf", "oneOf"):
        for one in schema.get(word, ()):
            yield from _parts(one, document)


def event_faults(body: Mapping[str, Any]) -> list[str]:
    """What is wrong with an event that was sent to a consumer."""
    schemas = {
        "company": "CompanyWebhook", "connection": "ConnectionWebhook", "read": "ReadCompletedWebhook",
        "client": "ClientRateLimitWebhook",
    }  # fmt: skip
    name = schemas.get(body["eventType"].split(".")[0], "DataTypeWriteWebhook")
    schema = {"$ref": f"#/components/schemas/{name}"}
    return [*faults_of(body, schema, "platform"), *unknown_members(body, schema, "platform")]


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
    wanted = {part.get("type") for part in _parts(schema, document)}
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
