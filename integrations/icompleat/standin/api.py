"""The door of the API: key, limit, version and faults, before and after an operation is carried out."""

from __future__ import annotations

import os
import re
import socket
import struct
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from werkzeug.exceptions import HTTPException
from werkzeug.routing import Map, Rule
from werkzeug.wrappers import Request, Response

from integrations.exact import to_json
from integrations.icompleat.standin.api_call import ApiCall, Raw
from integrations.icompleat.standin.calls import REFUSED
from integrations.icompleat.standin.operations import OPERATIONS
from integrations.icompleat.standin.outgoing import meta, upper_case
from integrations.icompleat.standin.refusals import Absent, Broken, Code, Dropped, Refused
from integrations.icompleat.standin.world import World

PREFIX: Final = "/api/"
KEY_HEADER: Final = "x-api-compleat-key"
VERSION_HEADER: Final = "x-api-version"
_ROUTES: Final = Map(
    [
        Rule(f"{PREFIX}{each.path}", endpoint=name, methods=[each.method], strict_slashes=False)
        for name, each in OPERATIONS.items()
    ],
    merge_slashes=False,
)
_LIMITED: Final = "refused"


class _Unauthorised(Exception):
    """The key is missing or wrong, or the tenant is not the key's."""


class _TooMany(Exception):
    """The key was used too often; how many seconds to wait."""

    def __init__(self, seconds: int) -> None:
        super().__init__()
        self.seconds = seconds


@dataclass(slots=True)
class _Visit:
    """What is known of a call by now, for the record."""

    tenant_id: str = ""
    operation: str = "none"


class Api:
    """Answers the calls of clients."""

    def __init__(self, world: World) -> None:
        self._world = world

    def answer(self, request: Request) -> Response:
        """One call, one answer, one line in the record. Raises `ConnectionResetError` where a fault closes it."""
        visit, at, started = _Visit(), self._world.calls.now(), time.monotonic()
        path = re.sub("/{2,}", "/", request.path)
        response = self._told(request, path, visit)
        status = response.status_code if response else None
        milliseconds = round((time.monotonic() - started) * 1000)
        self._world.calls.add(at, visit.tenant_id, request.method, path, visit.operation, status, milliseconds)
        return response or cut(request)

    def _told(self, request: Request, path: str, visit: _Visit) -> Response | None:
        """None: the connection is to be closed."""
        try:
            return self._admitted(request, path, visit)
        except _TooMany as error:
            visit.operation = _LIMITED
            return self._limited(error.seconds)
        except _Unauthorised:
            return self._failure(request, 401, {"ErrorMessage": "The security key is not valid for this tenant."})
        except Refused as error:
            return self._failure(request, 400, {"ErrorCode": int(error.code), "ErrorMessage": str(error)})
        except (Absent, HTTPException):
            return self._failure(request, 404, {"ErrorMessage": "No resource was found at this address."})
        except Broken:
            return self._failure(request, 500, {"ErrorMessage": "An error has occurred."})
        except Dropped:
            return None

    def _admitted(self, request: Request, path: str, visit: _Visit) -> Response:
        name, values = self._matched(request, path)
        tenant = self._world.companies.tenant_with(request.headers.get(KEY_HEADER, ""))
        if tenant is None or tenant["id"] != values.get("tenant", tenant["id"]).lower():
            raise _Unauthorised
        visit.tenant_id, visit.operation = tenant["id"], name or "none"
        if seconds := self._world.limit.seconds_to_wait(tenant["id"], self._world.faults.number("limit_per_minute")):
            raise _TooMany(seconds)
        if request.headers.get(VERSION_HEADER, "").strip() != "1":
            raise Refused(Code.BAD_REQUEST, "x-api-version is missing or is not 1.")
        if not name:
            raise Absent
        return self._disturbed(request, ApiCall(self._world, tenant, values, request), name)

    def _matched(self, request: Request, path: str) -> tuple[str, Mapping[str, str]]:
        try:
            name, values = _ROUTES.bind("").match(path, method=request.method)
        except HTTPException:
            return "", {}
        return name, values

    def _disturbed(self, request: Request, call: ApiCall, name: str) -> Response:
        """Carry the operation out, unless a fault comes before; a fault may also come after."""
        faults = self._world.faults
        time.sleep(faults.number("slow_ms") / 1000)
        if faults.take("api_errors"):
            raise Broken
        if faults.take("drop_before"):
            raise Dropped
        told = OPERATIONS[name].carry_out(call)
        if faults.take("api_errors_after"):
            raise Broken
        if faults.take("drop_after"):
            raise Dropped
        if isinstance(told, Raw):
            return Response(told.content, mimetype=told.content_type)
        return self._json(request, 200, told)

    def _limited(self, seconds: int) -> Response:
        told = {"statusCode": REFUSED, "message": f"Rate limit is exceeded. Try again in {seconds} seconds."}
        response = Response(to_json(told), self._world.faults.number("limit_status"), mimetype="application/json")
        if self._world.faults.is_on("limit_retry_after"):
            response.headers["Retry-After"] = str(seconds)
        return response

    def _failure(self, request: Request, status: int, told: Mapping[str, Any]) -> Response:
        return self._json(request, status, told)

    def _json(self, request: Request, status: int, told: Mapping[str, Any]) -> Response:
        body = {**told, "MetaData": meta(request.base_url)}
        if self._world.faults.is_on("upper_case_guids"):
            body = upper_case(body)
        return Response(to_json(body), status, mimetype="application/json")


def cut(request: Request) -> Response:
    """Reset the connection at once. Raises `ConnectionResetError`, with which the server is done."""
    connection = request.environ.get("werkzeug.socket")
    if connection is not None:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        # The server still holds the connection; what it holds becomes one that has ended.
        dead, other = socket.socketpair()
        with dead:
            other.close()
            os.dup2(dead.fileno(), connection.fileno())
    raise ConnectionResetError("closed by a fault that was asked for")
