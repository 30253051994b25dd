"""The stand-in for iCompleat: pages under `/`, JSON for scripts under `/control`, the vendor's own API under `/api`."""

from __future__ import annotations

import re
import time
from typing import Final
from wsgiref.types import WSGIApplication

from markupsafe import Markup
from werkzeug.exceptions import HTTPException
from werkzeug.routing import Map
from werkzeug.wrappers import Request, Response

from integrations.icompleat.standin import control, site
from integrations.icompleat.standin.api import PREFIX, Api
from integrations.icompleat.standin.asked import BadRequest
from integrations.icompleat.standin.calls import Clock
from integrations.icompleat.standin.faults import BadKnob
from integrations.icompleat.standin.refusals import Refused, UnderWay, Unknown, WrongTray
from integrations.icompleat.standin.world import World
from integrations.sandbox import Store, page

_ROUTES: Final = Map([rule.empty() for rule in (*control.RULES, *site.RULES)])
_STATUSES: Final[dict[type[Exception], int]] = {
    Unknown: 404,
    WrongTray: 409,
    UnderWay: 409,
    BadRequest: 400,
    BadKnob: 400,
    Refused: 400,
}


def build(state: Store, *, clock: Clock = time.time) -> WSGIApplication:
    """The application, with everything that the store remembers. `clock` tells seconds, for the limit of calls."""
    return Request.application(ICompleatSandbox(state, clock).answer)


class ICompleatSandbox:
    """Finds the right answer to a request."""

    def __init__(self, state: Store, clock: Clock) -> None:
        world = World(state, clock)
        self._api = Api(world)
        self._control = control.Control(world)
        self._site = site.Site(world)

    def answer(self, request: Request) -> Response:
        """One request, one answer; failures as one sentence, in JSON for scripts and on a page for people."""
        if re.sub("/{2,}", "/", request.path).startswith(PREFIX):
            return self._api.answer(request)
        try:
            return self._routed(request)
        except HTTPException as error:
            return _failed(request, "There is nothing here.", error.code or 500)
        except tuple(_STATUSES) as error:
            return _failed(request, str(error), _STATUSES[type(error)])

    def _routed(self, request: Request) -> Response:
        name, values = _ROUTES.bind_to_environ(request.environ).match()
        house = self._control if name.startswith("control_") else self._site
        return house.answer(name, request, values)


def _failed(request: Request, sentence: str, status: int) -> Response:
    if request.path.startswith("/control/"):
        return control.as_json({"error": sentence}, status)
    told = page("That did not work", Markup('<p role="alert">{}</p><p><a href="{}/">All companies</a></p>').format(
        sentence, request.script_root
    ))  # fmt: skip
    told.status_code = status
    return told
