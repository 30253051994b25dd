"""What answers have in common: the shape of errors, what each status means, and the headers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from rest_framework import serializers

from portal.api import errors, idempotency
from portal.api.errors import MAY_PASS, SERVICE


class ErrorDetail(serializers.Serializer[Any]):
    """One thing that is wrong."""

    field = serializers.CharField(
        help_text="The member, parameter or header at fault, such as `lines[0].net`; empty for the whole."
    )
    message = serializers.CharField(help_text="What is wrong with it, in a plain sentence.")


class ErrorBody(serializers.Serializer[Any]):
    """The shape of every error."""

    statusCode = serializers.IntegerField(help_text="The HTTP status once more.")  # noqa: N815
    service = serializers.CharField(help_text="Who answers: Postroom.")
    error = serializers.CharField(help_text="What happened and what to do, in a plain sentence.")
    correlationId = serializers.CharField(  # noqa: N815
        help_text="Which request it was, for asking us. Also the header `X-Request-ID`."
    )
    canBeRetried = serializers.ChoiceField(  # noqa: N815
        choices=["Yes", "No"], help_text="Whether the same request may be answered otherwise later."
    )
    details = ErrorDetail(many=True, help_text="Everything that is wrong, each at its field.")


TEXT: Final = {"type": "string"}
HEADERS: Final[Mapping[str, tuple[str, dict[str, Any]]]] = {
    "X-Request-ID": ("Which request it was. A caller may send its own.", TEXT),
    "X-Rate-Limit-Limit": ("How many requests a token may make in a minute.", {"type": "integer"}),
    "X-Rate-Limit-Remaining": ("How many of them are left.", {"type": "integer"}),
    "X-Rate-Limit-Reset": (
        "From then on nothing that was counted until now counts any more.", {"type": "string", "format": "date-time"}
    ),
    "Idempotent-Replay": ("`true` where this was answered before, and nothing was done again.", TEXT),
    "Location": ("The address of what was made.", TEXT),
    "Retry-After": ("In so many seconds it may be asked again.", {"type": "integer"}),
    "WWW-Authenticate": ("`Bearer`.", TEXT),
}  # fmt: skip
COMMON_HEADERS: Final = ("X-Request-ID", "X-Rate-Limit-Limit", "X-Rate-Limit-Remaining", "X-Rate-Limit-Reset")
ERRORS: Final[Mapping[int, tuple[str, tuple[str, ...]]]] = {
    400: ("The query or the body has errors, all of them in `details`; nothing was done.", ()),
    401: ("There is no token, or it is not live.", ("WWW-Authenticate",)),
    403: ("The token lacks the scope.", ()),
    404: ("There is nothing, or it is another tenant's.", ()),
    409: ("It cannot be done as things stand; nothing was changed.", ("Retry-After",)),
    413: ("The body is larger than 1 MB; nothing was done.", ()),
    415: ("The body is no JSON.", ()),
    422: ("The `Idempotency-Key` was used for another request.", ()),
    429: ("Too many requests.", ("Retry-After",)),
    500: ("An error on our side.", ()),
    503: ("The database, or the outside system that had to be asked, does not answer.", ("Retry-After",)),
}
SENTENCES: Final[Mapping[int, str]] = {
    400: errors.WRONG_BODY,
    401: errors.WHO_CALLS,
    403: errors.NO_SCOPE.format(scope="companies:write"),
    404: errors.NOT_FOUND,
    409: idempotency.RUNNING,
    413: errors.TOO_LARGE,
    415: errors.NOT_JSON,
    422: idempotency.OTHER,
    429: errors.TOO_OFTEN.format(limit=60, seconds=12),
    500: errors.FAILED,
    503: errors.UNAVAILABLE,
}


def error_example(status: int) -> dict[str, Any]:
    """What an error of this status looks like."""
    details = [{"field": "name", "message": "It is missing."}] if status == 400 else []
    return {
        "statusCode": status,
        "service": SERVICE,
        "error": SENTENCES[status],
        "correlationId": "a531b708051e4bec9127612622dc6804",
        "canBeRetried": "Yes" if status in MAY_PASS else "No",
        "details": details,
    }
