"""What the API takes and tells of connections and of the addresses at which a source delivers."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from django.conf import settings
from django.urls import reverse
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from integrations.documents import Kind
from integrations.feeds import FedSource
from portal.api.paging import NumberedPage, Pages
from portal.api.shapes.fields import At, Shape, Words, moment
from portal.api.shapes.integrations import ACCOUNTING, EXPENSE, SOURCE_TYPES, source_type
from portal.api.strict import Body, Choice, Text
from portal.connections.choosing import chosen_name
from portal.connections.models import Connection, Endpoint, Side, Status
from portal.connections.registry import UnknownIntegration, accounting_systems, source, sources
from portal.connections.services import endpoint_url

WORDS: Final[dict[str, str]] = {one.value: str(one.label) for one in Status}
"""Our statuses as the API writes them: PendingAuth, Linked."""
DEAUTHORIZED: Final = "Deauthorized"
STATUSES: Final[dict[str, Status]] = {str(one.label): one for one in Status} | {DEAUTHORIZED: Status.DEAUTHORISED}
"""As the API reads them: Codat spells one of them in another way."""
LONGEST_SETTING: Final = 4_000
LONGEST_SETTINGS_KEY: Final = 100


class ConnectionInfo(Shape):
    """The company over there, as far as it is known."""

    companyId = serializers.CharField(help_text="Its id there; empty while nothing is known.")  # noqa: N815
    companyName = serializers.CharField(help_text="Its name there; empty while nothing is known.")  # noqa: N815


class ConnectionOfCompany(Shape):
    """One link of a company to an outside system."""

    id = serializers.UUIDField()
    integrationKey = serializers.CharField()  # noqa: N815
    platformName = serializers.CharField(help_text="The system behind it, by name.")  # noqa: N815
    sourceType = Words(*SOURCE_TYPES)  # noqa: N815
    status = Words(*WORDS.values(), help_text="Blank: nothing is chosen yet that the integration stands for.")
    linkUrl = serializers.URLField(  # noqa: N815
        help_text="The page of ours where an owner logs in and authorises it. Send them there; it does not run out."
    )
    created = At()
    linked = At(allow_null=True, help_text="Since when it is linked, or was last.")
    confirmed = At(allow_null=True, help_text="Since when somebody has said that it is the right company.")
    isPaused = serializers.BooleanField(help_text="Whether nothing is sent through it for the moment.")  # noqa: N815
    connectionInfo = ConnectionInfo()  # noqa: N815


class ConnectionWithSync(ConnectionOfCompany):
    """The same, with when it was read last."""

    lastSync = At(allow_null=True, help_text="When reference data was last read to the end.")  # noqa: N815


class Connections(NumberedPage):
    """A page of connections."""

    results = ConnectionOfCompany(many=True)


class ConnectionQuery(Pages):
    """Which connections."""

    status = Choice(STATUSES, required=False, help_text="Only those with this status; both spellings are known.")
    sourceType = Choice(SOURCE_TYPES, required=False, help_text="Only those of this type.")  # noqa: N815
    orderBy = Choice(  # noqa: N815
        ("created", "-created"), default="-created", help_text="By when they were made; the newest first."
    )


TEXTS: Final = {
    "type": "object",
    "propertyNames": {"maxLength": LONGEST_SETTINGS_KEY, "pattern": "^[^\\u0000]*$"},
    "additionalProperties": {"type": "string", "maxLength": LONGEST_SETTING, "pattern": "^[^\\u0000]*$"},
}


@extend_schema_field(TEXTS)
class Settings(serializers.DictField):
    """Texts by the keys of an integration's settings."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(child=Text(allow_blank=True, max_length=LONGEST_SETTING), **kwargs)
        self.error_messages["not_a_dict"] = "It must be an object."


class NewConnection(Body):
    """What to link to."""

    settings = Settings(
        required=False, help_text="Settings that are no secrets, such as the platform behind an integration for many."
    )

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        """The keys are those of this installation."""
        keys = [*accounting_systems(), *sources()]
        return {"platformKey": Choice(keys, help_text="The key of an integration."), **super().get_fields()}


class Authorization(Body):
    """Settings and secrets by their keys, as the integration lists them."""

    document = TEXTS

    def to_internal_value(self, data: Any) -> Any:
        """Texts by their keys. Raises `ValidationError`."""
        return Settings().run_validation(data)


class ConnectionChange(Body):
    """The end of a connection."""

    status = Choice(("Unlinked",), help_text="Nothing is sent any more, and the credentials are deleted here.")


class EndpointOfConnection(Shape):
    """One address at which the source delivers."""

    id = serializers.UUIDField()
    kind = Words("", *Kind, help_text="The one kind that it takes; empty: all.")
    url = serializers.URLField(help_text="What is entered at the source.")
    isActive = serializers.BooleanField()  # noqa: N815
    headers = serializers.ListField(child=serializers.CharField(), help_text="The headers that may carry the token.")
    created = At()


class EndpointWithToken(EndpointOfConnection):
    """The same, with its token."""

    token = serializers.CharField(help_text="Shown this one time.")


class Endpoints(NumberedPage):
    """A page of endpoints."""

    results = EndpointOfConnection(many=True)


class NewEndpoint(Body):
    """Which address to open."""

    kind = Choice(
        [kind.value for kind in Kind], required=False, help_text="The one kind that it takes; left out: all kinds."
    )


def connection_json(connection: Connection) -> dict[str, Any]:
    """One connection; its company is loaded."""
    return {
        "id": str(connection.pk),
        "integrationKey": connection.integration,
        "platformName": platform_name(connection),
        "sourceType": _source_type(connection),
        "status": WORDS[connection.status],
        "linkUrl": link_url(connection),
        "created": moment(connection.created_at),
        "linked": moment(connection.linked_at),
        "confirmed": moment(connection.confirmed_at),
        "isPaused": connection.paused,
        "connectionInfo": {
            "companyId": connection.external_company_id,
            "companyName": connection.external_company_name,
        },
    }


def connection_with_sync_json(connection: Connection, last_sync: datetime | None) -> dict[str, Any]:
    """The same, with when it was read last."""
    return {**connection_json(connection), "lastSync": moment(last_sync)}


def platform_name(connection: Connection) -> str:
    """The system behind a connection, by name."""
    if connection.side == Side.ACCOUNTING:
        return chosen_name(connection)
    try:
        return source(connection.integration).metadata.name
    except UnknownIntegration:
        return connection.integration


def _source_type(connection: Connection) -> str:
    if connection.side == Side.ACCOUNTING:
        return ACCOUNTING
    known = sources().get(connection.integration)
    return source_type(type(known)) if known else EXPENSE


def link_url(connection: Connection) -> str:
    """The page of ours where an owner authorises a connection."""
    if isinstance(sources().get(connection.integration), FedSource):
        path = reverse("desk:fed-source", args=[connection.company_id, connection.integration])
    else:
        page = "desk:authorise" if connection.side == Side.ACCOUNTING else "desk:source"
        path = reverse(page, args=[connection.company_id])
    return f"{settings.BASE_URL}{path}"


def endpoint_json(endpoint: Endpoint, usual_headers: tuple[str, ...]) -> dict[str, Any]:
    """One address, without its tokens."""
    return {
        "id": str(endpoint.pk),
        "kind": endpoint.kind,
        "url": endpoint_url(endpoint),
        "isActive": endpoint.is_active,
        "headers": list(endpoint.token_header_names or usual_headers),
        "created": moment(endpoint.created_at),
    }
