"""The OpenAPI document, made from what the doors say of themselves: `Operation`, shapes, and the routes."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any, Final, cast

from django.conf import settings
from django.urls import include, path
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.openapi import AutoSchema

from portal.api import rate
from portal.api.answers import COMMON_HEADERS, ERRORS, HEADERS, ErrorBody, error_example
from portal.api.doors import JSON, Door
from portal.api.idempotency import HEADER as KEY_HEADER
from portal.api.models import LONGEST_KEY
from portal.api.operation import Operation, Tag, operation_of
from portal.api.strict import Body

SCHEME: Final = "token"
DESCRIPTION: Final = (
    "Postroom takes approved purchase documents into accounting systems. With this API a program of a tenant does what "
    "its people do on the pages: create companies, link them to their systems, read reference data, follow "
    "postings.\n\n"
    "Every request carries a token as `Authorization: Bearer`. A token has scopes and belongs to one tenant; what "
    "belongs to another tenant is answered as if it did not exist. "
    f"It may call {rate.LIMIT} times in a minute; every answer says what is left.\n\n"
    "Every error has one shape, with a `correlationId` to ask us about. Every `POST`, `PUT` and `PATCH` honours "
    "`Idempotency-Key`."
)
TAGS: Final[Mapping[Tag, str]] = {
    Tag.INTEGRATIONS: "What companies can be linked to.",
    Tag.COMPANIES: "The legal entities of the tenant, each with its own books.",
    Tag.CONNECTIONS: "The links of a company to its accounting system and to the system that sends documents.",
    Tag.SYNCS: "When reference data is read, and how each reading ended.",
    Tag.DATA: "What the accounting system knows by code, as it was read last.",
    Tag.TRANSACTIONS: "What came in, and the posting that became of it.",
    Tag.PUSH: "Transactions that are raised in the company's purchasing system.",
    Tag.WEBHOOKS: "Addresses of yours that are told what happens.",
}
PATH: Final[Mapping[str, tuple[dict[str, Any], str]]] = {
    "company_id": ({"type": "string", "format": "uuid"}, "The company's id."),
    "connection_id": ({"type": "string", "format": "uuid"}, "The connection's id."),
    "webhook_id": ({"type": "string", "format": "uuid"}, "The webhook consumer's id."),
    "message_id": ({"type": "integer", "minimum": 0}, "The message's id."),
}
KEY: Final = {
    "name": KEY_HEADER,
    "in": "header",
    "required": False,
    "description": (
        "A key of yours, such as a UUID, for sending this request again: within 24 hours the same key with the same "
        "request gets the same answer, and nothing is done twice."
    ),
    "schema": {"type": "string", "minLength": 1, "maxLength": LONGEST_KEY, "pattern": "^[!-~]+$"},
}
OWN_KEY: Final = {
    **KEY,
    "description": (
        "The transaction's key, 1 to 100 characters, unless the body has it as `key`. It is kept for ever: the same "
        "key with the same content is answered as the transaction stands now, and raises nothing twice."
    ),
    "schema": {"type": "string", "minLength": 1, "maxLength": 100, "pattern": "^[!-~]+$"},
}


class ApiSchema(AutoSchema):
    """Describes one operation."""

    @property
    def told(self) -> Operation:
        """What its method says of itself."""
        told = operation_of(cast("Door", self.view), self.method)
        if told is None:
            raise LookupError(f"{self.method} {self.path} is no operation.")
        return told

    def get_operation_id(self) -> str:
        """Such as list-companies."""
        return self.told.id

    def get_summary(self) -> str:
        """A few words."""
        return self.told.summary

    def get_description(self) -> str:  # type: ignore[override]
        """What it does, and which scope it needs."""
        return f"{self.told.description or self.told.summary + '.'}\n\nNeeds the scope `{self.told.scope.value}`."

    def get_tags(self) -> list[str]:
        """Its chapter."""
        return [self.told.tag.value]

    def get_auth(self) -> list[dict[str, list[str]]]:
        """A token with its scope."""
        return [{SCHEME: [self.told.scope.value]}]

    def get_override_parameters(self) -> list[Any]:
        """The parameters of the query."""
        return [self.told.query] if self.told.query().fields else []

    def get_request_serializer(self) -> None:
        """The operation names it."""

    def get_response_serializers(self) -> None:
        """The operation names it."""

    def _get_parameters(self) -> list[dict[str, Any]]:
        parameters: list[dict[str, Any]] = super()._get_parameters()
        if self.method not in ("GET", "DELETE"):
            parameters.append(OWN_KEY if self.told.has_own_key else KEY)
        return parameters

    def _resolve_path_parameters(self, variables: list[str]) -> list[dict[str, Any]]:
        known = {**PATH, **self.told.path}
        return [
            {"in": "path", "name": name, "required": True, "schema": known[name][0], "description": known[name][1]}
            for name in variables
        ]

    def _get_filter_parameters(self) -> list[dict[str, Any]]:
        return []

    def _get_pagination_parameters(self) -> list[dict[str, Any]]:
        return []

    def _get_request_body(self, direction: str = "request") -> dict[str, Any] | None:
        if self.told.body is None:
            return None
        schema = self.told.body.document or self.resolve_serializer(self.told.body, "request").ref
        example = {"example": self.told.request_example} if self.told.request_example is not None else {}
        return {"required": True, "content": {JSON: {"schema": schema, **example}}}

    def _get_response_bodies(self, direction: str = "response") -> dict[str, Any]:
        told = self.told
        success: dict[str, Any] = {
            "description": told.summary if told.answer else "Done; there is nothing to say.",
            "headers": _headers(told.headers),
        }
        if told.answer:
            schema = self.resolve_serializer(told.answer, "response").ref
            example = {"example": told.example} if told.example is not None else {}
            success["content"] = {JSON: {"schema": schema, **example}}
        self.resolve_serializer(ErrorBody, "response")
        refs = {str(status): {"$ref": f"#/components/responses/Error{status}"} for status in self._statuses()}
        return {str(told.status): success, **refs}

    def _statuses(self) -> list[int]:
        found = {400, 401, 403, 429, 500, 503, *self.told.errors}
        if "{" in self.path:
            found |= {404}
        if self.told.body:
            found |= {413, 415}
        if self.method not in ("GET", "DELETE"):
            found |= {409, 413, 422}
        return sorted(found)

    def _map_serializer(self, serializer: Any, direction: Any, bypass_extensions: bool = False) -> Any:
        schema = super()._map_serializer(serializer, direction, bypass_extensions)  # type: ignore[no-untyped-call]
        if isinstance(serializer, Body) or (isinstance(serializer, type) and issubclass(serializer, Body)):
            schema["additionalProperties"] = False
        return schema


class ApiGenerator(SchemaGenerator):
    """Describes all of them, and what they share."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(patterns=[path("api/v1/", include("portal.api.urls"))], **kwargs)  # type: ignore[no-untyped-call]

    def get_schema(self, request: Any = None, public: bool = False) -> dict[str, Any]:
        """The whole document."""
        document: dict[str, Any] = super().get_schema(request, public)  # type: ignore[no-untyped-call]
        components = document["components"]
        components["securitySchemes"] = {
            SCHEME: {"type": "http", "scheme": "bearer", "description": "A token of the tenant, `pra_…`."}
        }
        components["headers"] = {
            name: {"description": told, "schema": schema} for name, (told, schema) in HEADERS.items()
        }
        components["responses"] = {f"Error{status}": _error_response(status) for status in ERRORS}
        document["info"]["description"] = DESCRIPTION
        document["servers"] = [{"url": settings.BASE_URL, "description": "This installation"}]
        used = {tag for methods in document["paths"].values() for one in methods.values() for tag in one["tags"]}
        document["tags"] = [{"name": tag.value, "description": TAGS[tag]} for tag in Tag if tag.value in used]
        return document


@cache
def document() -> dict[str, Any]:
    """The document of this installation; made once in a process."""
    return ApiGenerator().get_schema(public=True)


def _error_response(status: int) -> dict[str, Any]:
    description, headers = ERRORS[status]
    return {
        "description": description,
        "headers": _headers(headers, is_known=status != 401),
        "content": {
            JSON: {"schema": {"$ref": "#/components/schemas/ErrorBody"}, "example": error_example(status)},
        },
    }


def _headers(names: tuple[str, ...], *, is_known: bool = True) -> dict[str, Any]:
    shared = COMMON_HEADERS if is_known else ("X-Request-ID",)
    return {name: {"$ref": f"#/components/headers/{name}"} for name in (*shared, *names)}
