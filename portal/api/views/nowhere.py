"""Every address that is none."""

from __future__ import annotations

from typing import Any

from rest_framework.request import Request

from portal.api import errors
from portal.api.doors import Door
from portal.api.errors import ApiError


class Nowhere(Door):
    """Every other address below /api/v1/."""

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """There is nothing, whatever is asked with."""
        super().initial(request, *args, **kwargs)
        raise ApiError(404, errors.NOT_FOUND)
