"""The stand-in for accessplanit: pages under `/`, JSON for scripts under `/control/`, and the vendor's interface under
`/<platform>/<instance>/api/v2/`, where the instance is `accessplan` or `accessplansandbox`."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Final
from wsgiref.types import WSGIApplication

from markupsafe import Markup
from werkzeug.exceptions import HTTPException
from werkzeug.routing import Map, Rule
from werkzeug.wrappers import Request, Response

from integrations.accessplanit.standin import control, site
from integrations.accessplanit.standin.api import Api, as_json
from integrations.accessplanit.standin.control import make_platform
from integrations.accessplanit.standin.faults import Faults
from integrations.accessplanit.standin.hooks import Hooks, sent
from integrations.accessplanit.standin.memory import SCHEMA, Memory
from integrations.accessplanit.standin.refusals import Refused
from integrations.accessplanit.standin.seed import sales
from integrations.exact import from_json, to_json
from integrations.faults import Sort
from integrations.sandbox import Store, page

Clock = Callable[[], float]

FIRST: Final = "northgate"
_INSTANCE: Final = "/<platform>/<any(accessplan, accessplansandbox):instance>"
_PEOPLE: Final = Map([rule.empty() for rule in (*control.RULES, *site.RULES)])
_API: Final = Map(
    [
        Rule(f"{_INSTANCE}/api/v2/<any(Token, token):module>", endpoint="token", methods=["POST"]),
        Rule(f"{_INSTANCE}/api/v2/<module>", endpoint="read", methods=["GET"]),
        Rule(f"{_INSTANCE}/api/v2/<module>", endpoint="create", methods=["POST"]),
        Rule(f"{_INSTANCE}/api/v2/<module>/<id_>", endpoint="update", methods=["PUT"]),
        Rule(f"{_INSTANCE}/api/v2/<module>/<id_>", endpoint="delete", methods=["DELETE"]),
        Rule(f"{_INSTANCE}/apihelp/v2/modules/<module>", endpoint="help", methods=["GET"]),
    ]
)
_OF_API: Final = re.compile(r"/[^/]+/(accessplan|accessplansandbox)/")
_MARK: Final = re.compile(r"PR[0-9a-f]{32}", re.IGNORECASE)


def build(state: Store, *, clock: Clock = time.time) -> WSGIApplication:
    """The application. A new one has the platform Northgate Training with some sales; `clock` tells seconds."""
    return Request.application(AccessPlanitSandbox(state, clock).answer)


class AccessPlanitInterface:
    """What the faults must know of this interface: making a transaction writes, a search in a text looks up."""

    key_header = "X-Postroom-Key"

    def sort(self, request: Request) -> Sort | None:
        """A new transaction, a search for our key, or nothing that is ever disturbed."""
        if not request.path.lower().endswith("/api/v2/transaction"):
            return None
        if request.method == "POST":
            return Sort.WRITE
        return Sort.LOOKUP if "contains(" in request.args.get("$filter", "") else None

    def key(self, request: Request) -> str:
        """Our key in the reference, or in the filter."""
        text = request.args.get("$filter", "") + request.get_data().decode(errors="replace")
        found = _MARK.search(text)
        return found[0] if found else ""

    def failure(self) -> Response:
        """A failure as the stand-in words it."""
        return as_json({"message": "Something went wrong."}, 500)

    def without_id(self, answer: bytes) -> bytes:
        """The record without its id."""
        rows = from_json(answer.decode())["results"]
        return to_json({"results": [{key: row[key] for key in row if key.lower() != "id"} for row in rows]}).encode()

    def with_wrong_amount(self, answer: bytes) -> bytes:
        """The record, one pound too expensive."""
        rows = from_json(answer.decode())["results"]
        return to_json({"results": [{**row, "Amount": row["Amount"] + 1} for row in rows]}).encode()


INTERFACE: Final = AccessPlanitInterface()


class AccessPlanitSandbox:
    """Finds the right answer to a request. Each is one transaction; webhooks go out after it."""

    def __init__(self, state: Store, clock: Clock) -> None:
        self._state, self._clock = state, clock
        state.create(SCHEMA)
        with self._memory() as memory:
            if not memory.platforms():
                make_platform(memory, FIRST, "Northgate Training Ltd")
                sales(memory, FIRST)

    @contextmanager
    def _memory(self) -> Iterator[Memory]:
        with self._state.transaction() as database:
            yield Memory(database, self._clock())

    def answer(self, request: Request) -> Response:
        """One request, one answer."""
        is_api = _OF_API.match(request.path) is not None
        try:
            response = self._called(request) if is_api else self._visited(request)
        except HTTPException as error:
            response = _failed(request, Refused(error.code or 404, "There is nothing here."), is_api=is_api)
        except Refused as refusal:
            response = _failed(request, refusal, is_api=is_api)
        if request.method != "GET":
            self._send_hooks()
        return response

    def _visited(self, request: Request) -> Response:
        name, values = _PEOPLE.bind_to_environ(request.environ).match()
        with self._memory() as memory:
            house = control.Control(memory) if name.startswith("control_") else site.Site(memory)
            return house.answer(name, request, values)

    def _called(self, request: Request) -> Response:
        name, values = _API.bind_to_environ(request.environ).match()
        platform, module = values["platform"], values["module"]
        time.sleep(self._state.latency_ms / 1000)
        try:
            response = self._carried_out(name, platform, values, request)
        except Refused as refusal:
            response = _failed(request, refusal, is_api=True)
        with self._memory() as memory:
            memory.database.execute(
                "INSERT INTO calls (platform, module, at, method, query, status) VALUES (?, ?, ?, ?, ?, ?)",
                (
                    platform,
                    module.lower(),
                    memory.now,
                    request.method,
                    request.query_string.decode(),
                    response.status_code,
                ),
            )
        return response

    def _carried_out(self, name: str, platform: str, values: Mapping[str, str], request: Request) -> Response:
        """What the call itself answers. What a fault takes is taken, even where the call is refused."""
        with self._memory() as memory:
            is_broken = Faults(memory).take("api_errors")
        if is_broken:
            raise Refused(500, "An error has occurred.")
        refusal: Refused | None = None
        with self._memory() as memory:
            api = Api(memory, platform, request)
            if name == "token":
                return api.token()
            try:
                api.enter(values["module"])
            except Refused as error:
                refusal = error
        if refusal is not None:
            raise refusal
        with self._memory() as memory:
            handler: Callable[..., Response] = getattr(Api(memory, platform, request), name)
            arguments = [values["module"], *([values["id_"]] if "id_" in values else [])]
            response = handler(*arguments)
            return (
                as_json({"message": "An error has occurred."}, 500)
                if Faults(memory).take("api_errors_after")
                else response
            )

    def _send_hooks(self) -> None:
        """Outside of any transaction: whoever gets a webhook may ask back at once."""
        with self._memory() as memory:
            due = [hook for one in memory.platforms() for hook in Hooks(memory, one["slug"]).due()]
        for hook in due:
            answer = sent(hook)
            with self._memory() as memory:
                Hooks(memory, hook["platform"]).answered(hook["position"], answer)


def _failed(request: Request, refusal: Refused, *, is_api: bool) -> Response:
    if is_api or request.path.startswith("/control/"):
        error = {"error": refusal.error, "error_description": refusal.sentence} if refusal.error else {}
        response = as_json(error or {"message": refusal.sentence}, refusal.status)
        if refusal.retry_after:
            response.headers["Retry-After"] = str(refusal.retry_after)
        return response
    told = page("That did not work", Markup('<p role="alert">{}</p><p><a href="{}/">All platforms</a></p>').format(
        refusal.sentence, request.script_root
    ))  # fmt: skip
    told.status_code = refusal.status
    return told
