"""What each fault does to a request: some book nothing, some book and spoil the answer, one books late."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from typing import Final

from werkzeug.wrappers import Request, Response

from integrations.disturbed_call import Call
from integrations.faults import Fault

# What follows a redirect of ours ends in the books, and so is found out.
REDIRECTED: Final = "/redirected"
# Orders to the stand-in itself, in the environment of a request: it alone can carry them out.
FORGET_KEYS: Final = "postroom.forget_keys"
MOVE_DATE: Final = "postroom.move_date"

_HUGE_BYTES: Final = 11 * 1024 * 1024
_SLICE: Final = 64 * 1024
_PAGE: Final = "<!doctype html><html><body><h1>Service temporarily unavailable</h1></body></html>"


# --- nothing is booked ---------------------------------------------------------------------------------------------


def _rate_limited(call: Call) -> Response:
    response = _rate_limited_bare(call)
    response.headers["Retry-After"] = f"{call.terms.retry_after_seconds:.0f}"
    return response


def _rate_limited_bare(call: Call) -> Response:
    return _failure(call, 429)


def _error_before(call: Call) -> Response:
    return _failure(call, 500)


def _failure_in_200(call: Call) -> Response:
    return _failure(call, 200)


def _failure(call: Call, status: int) -> Response:
    response = call.interface.failure()
    response.status_code = status
    return response


def _html_500(_: Call) -> Response:
    return Response(_PAGE, status=500, mimetype="text/html")


def _redirect(call: Call) -> Response:
    request = Request(call.environ)
    return Response(status=307, headers={"Location": f"{request.script_root}{REDIRECTED}{request.path}"})


def _late(call: Call) -> Response:
    """Book it when the client has gone, and some time has passed."""
    call.later.expect()
    call.is_given_up(call.terms.hang_seconds)
    call.later.run(call.terms.late_seconds, call.carried_out)
    return call.cut()


# --- it is booked --------------------------------------------------------------------------------------------------


def _error_after(call: Call) -> Response:
    call.carried_out()
    return _failure(call, 500)


def _forgotten_keys(call: Call) -> Response:
    call.carried_out(FORGET_KEYS)
    return _failure(call, 500)


def _hang(call: Call) -> Response:
    response = call.carried_out()
    return call.cut() if call.is_given_up(call.terms.hang_seconds) else response


def _reset_after(call: Call) -> Response:
    call.carried_out()
    return call.cut()


def _no_id(call: Call) -> Response:
    return _forged(call, call.interface.without_id)


def _wrong_amount(call: Call) -> Response:
    return _forged(call, call.interface.with_wrong_amount)


def _forged(call: Call, forge: Callable[[bytes], bytes]) -> Response:
    """A success is told otherwise; a refusal stays what it is."""
    response = call.carried_out()
    if response.status_code < 300:
        response.data = forge(response.data)
    return response


def _html_200(call: Call) -> Response:
    call.carried_out()
    return Response(_PAGE, mimetype="text/html")


def _drip(call: Call) -> Response:
    response = call.carried_out()
    data, length = response.data, response.content_length
    response.response = _dripping(data, call.terms.drip_seconds)
    response.content_length = length
    return response


def _dripping(data: bytes, seconds: float) -> Iterator[bytes]:
    for byte in data:
        yield bytes((byte,))
        time.sleep(seconds)


def _huge(call: Call) -> Response:
    """Blanks after the answer, which it still can be read with: only its size is wrong."""
    response = call.carried_out()
    data = response.data
    response.response = (data, *[b" " * _SLICE] * (_HUGE_BYTES // _SLICE))
    response.headers.pop("Content-Length", None)
    return response


def _moved_date(call: Call) -> Response:
    return call.carried_out(MOVE_DATE)


def _latency(call: Call) -> Response:
    time.sleep(call.terms.latency_seconds)
    return call.carried_out()


ACTS: Final[Mapping[Fault, Callable[[Call], Response]]] = {
    Fault.RATE_LIMITED: _rate_limited,
    Fault.RATE_LIMITED_BARE: _rate_limited_bare,
    Fault.ERROR_BEFORE: _error_before,
    Fault.ERROR_AFTER: _error_after,
    Fault.HANG: _hang,
    Fault.LATE: _late,
    Fault.RESET_BEFORE: Call.cut,
    Fault.RESET_AFTER: _reset_after,
    Fault.FAILURE_IN_200: _failure_in_200,
    Fault.NO_ID: _no_id,
    Fault.HTML_200: _html_200,
    Fault.HTML_500: _html_500,
    Fault.DRIP: _drip,
    Fault.REDIRECT: _redirect,
    Fault.HUGE: _huge,
    Fault.WRONG_AMOUNT: _wrong_amount,
    Fault.FORGOTTEN_KEYS: _forgotten_keys,
    Fault.REPLAYED_KEY: _error_before,
    Fault.MOVED_DATE: _moved_date,
    Fault.LATENCY: _latency,
    Fault.LOOKUP_RATE_LIMITED: _rate_limited,
    Fault.LOOKUP_ERROR: _error_before,
    Fault.LOOKUP_RESET: Call.cut,
    Fault.LOOKUP_DRIP: _drip,
}
