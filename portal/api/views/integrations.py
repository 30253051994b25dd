"""What companies can be linked to."""

from __future__ import annotations

import uuid
from typing import Final

from rest_framework.request import Request
from rest_framework.response import Response

from integrations.base import System
from portal.api import errors
from portal.api.doors import Door
from portal.api.errors import ApiError
from portal.api.models import Scope
from portal.api.operation import Operation, Tag, operation
from portal.api.paging import Pages, numbered
from portal.api.platforms import listed
from portal.api.shapes import integrations as shapes
from portal.api.shapes import platforms as platform_shapes
from portal.api.shapes.examples import INTEGRATION, page_of
from portal.api.strict import Choice, Truth
from portal.connections.access.installation import is_offered
from portal.connections.registry import UnknownIntegration, accounting_systems, sources, system

KEY: Final = {"key": ({"type": "string", "minLength": 1}, "The integration's key, such as `demo`.")}
BEHIND: Final = (
    "The accounting systems behind an integration that stands for many, such as Codat, as this installation's account "
    "has them; none where it stands for itself alone. It is asked at most once an hour, within the company's share."
)
LIST: Final = (
    "Every integration that this installation knows, accounting systems first. `type` is `sourceType` as well."
)


class IntegrationQuery(Pages):
    """Which integrations."""

    sourceType = Choice(shapes.SOURCE_TYPES, required=False, help_text="Only those of this type.")  # noqa: N815
    type = Choice(shapes.SOURCE_TYPES, required=False, help_text="The same as `sourceType`.")
    enabled = Truth(required=False, help_text="Only those that can be linked here, or only the others.")


class Integrations(Door):
    """`integrations`."""

    @operation(
        Operation(
            id="list-integrations", summary="List integrations", description=LIST, tag=Tag.INTEGRATIONS,
            scope=Scope.COMPANIES_READ, query=IntegrationQuery, answer=shapes.Integrations,
            example=page_of(INTEGRATION),
        )
    )  # fmt: skip
    def get(self, request: Request) -> Response:
        """A page of them."""
        found = [one for one in _every() if self._is_wanted(one)]
        return Response(numbered(request, found, shapes.integration_json, self.query))

    def _is_wanted(self, one: type[System]) -> bool:
        types = {self.query[name] for name in ("sourceType", "type") if name in self.query}
        enabled = self.query.get("enabled")
        return types <= {shapes.source_type(one)} and enabled in (None, is_offered(one.metadata.slug))


class Integration(Door):
    """`integrations/<key>`."""

    @operation(
        Operation(
            id="get-integration", summary="Get one integration", tag=Tag.INTEGRATIONS, scope=Scope.COMPANIES_READ,
            description="What it can do, and which settings a connection to it needs.",
            answer=shapes.Integration, example=INTEGRATION,
            path=KEY,
        )
    )  # fmt: skip
    def get(self, request: Request, key: str) -> Response:
        """One of them."""
        try:
            return Response(shapes.integration_json(system(key)))
        except UnknownIntegration:
            raise ApiError(404, errors.NOT_FOUND) from None


class Platforms(Door):
    """`companies/<id>/integrations/<key>/platforms`."""

    @operation(
        Operation(
            id="list-platforms", summary="List the platforms of an integration", description=BEHIND,
            tag=Tag.INTEGRATIONS, scope=Scope.COMPANIES_READ, query=Pages, answer=platform_shapes.Platforms,
            errors=(409,), example=page_of(platform_shapes.EXAMPLE), path=KEY,
        )
    )  # fmt: skip
    def get(self, request: Request, company_id: uuid.UUID, key: str) -> Response:
        """A page of them, by name."""
        company = self.company(company_id)
        if all(one.metadata.slug != key for one in _every()):
            raise ApiError(404, errors.NOT_FOUND)
        return Response(numbered(request, listed(company, key), platform_shapes.platform_json, self.query))


def _every() -> list[type[System]]:
    return [*accounting_systems().values(), *(type(one) for one in sources().values())]
