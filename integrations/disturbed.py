"""A stand-in behind a bad network: carries out on its requests what a plan of faults draws for them.

`GET faults` below the stand-in tells the plan and what was disturbed, `PUT faults` with `{"spec": "chaos", "seed": 7}`
begins a new plan. Neither is ever disturbed, nor is anything that the interface calls neither write nor lookup.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any, Final
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from werkzeug.wrappers import Request, Response

from integrations.disturbances import ACTS, REDIRECTED
from integrations.disturbed_call import Call, Interface, Later
from integrations.faults import ABOUT, PRESETS, BadPlan, Campaign, Plan, Sort, parse
from integrations.sandbox import keep_body

CONTROL: Final = "/faults"


class Disturbed:
    """Stands before a stand-in. Without a plan it changes nothing until a plan is put in force."""

    def __init__(self, app: WSGIApplication, interface: Interface, *, plan: Plan | None = None, seed: int = 1) -> None:
        self._app = app
        self._interface = interface
        self._later = Later()
        self.campaign = Campaign(plan or Plan(), seed)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if environ["PATH_INFO"] == CONTROL:
            return self._control(Request(environ))(environ, start_response)
        if environ["PATH_INFO"].startswith(f"{REDIRECTED}/"):
            environ["PATH_INFO"] = environ["PATH_INFO"].removeprefix(REDIRECTED)
            return self._app(environ, start_response)
        request = Request(environ)
        sort = self._interface.sort(request)
        return (self._app if sort is None else self._met(request, sort))(environ, start_response)

    def _met(self, request: Request, sort: Sort) -> WSGIApplication:
        """What answers a write or a lookup: the stand-in, or what a fault makes of it."""
        environ, campaign = request.environ, self.campaign
        keep_body(request)
        drawn = campaign.draw(sort, method=request.method, path=request.path, key=self._interface.key(request))
        self._treat_key(environ, campaign)
        if drawn is None:
            return self._app
        return ACTS[drawn](Call(environ, self._app, self._interface, campaign.plan.terms, self._later))

    def _treat_key(self, environ: WSGIEnvironment, campaign: Campaign) -> None:
        """Take the idempotency key away where keys are ignored; make it a new one where its life is over."""
        variable = _variable(self._interface.key_header)
        if not campaign.plan.terms.trust_keys:
            environ.pop(variable, None)
        elif key := environ.get(variable):
            environ[variable] = campaign.key_lives.known_as(key)

    def _control(self, request: Request) -> Response:
        if request.method == "PUT":
            try:
                self.campaign = _campaign(request.get_data(), self.campaign)
            except ValueError as error:
                return _json(400, {"error": str(error)})
        elif request.method != "GET":
            return _json(405, {"error": "GET reads the plan, PUT begins a new one."})
        return _json(200, {**self._report(), "faults": ABOUT, "presets": PRESETS})

    def _report(self) -> dict[str, Any]:
        """`waiting` counts the late commits that are still to come: nobody should judge the books before."""
        return {**self.campaign.report(), "waiting": self._later.waiting}


def _campaign(body: bytes, now: Campaign) -> Campaign:
    """The plan that was asked for; its requests are counted anew. Raises `ValueError`."""
    asked = json.loads(body)
    if not isinstance(asked, Mapping) or not isinstance(asked.get("spec"), str):
        raise BadPlan("A plan is an object with the text spec and, if you like, the whole number seed.")
    seed = asked.get("seed", now.seed)
    if isinstance(seed, bool) or not isinstance(seed, int):
        raise BadPlan("The seed is a whole number.")
    return Campaign(parse(asked["spec"]), seed)


def _variable(header: str) -> str:
    return f"HTTP_{header.upper().replace('-', '_')}"


def _json(status: int, value: Mapping[str, Any]) -> Response:
    return Response(json.dumps(value, indent=2) + "\n", status=status, mimetype="application/json")
