"""An outside system that was asked while a caller waits, and what is wrong, as an answer of the API."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from integrations.errors import IntegrationError, Rejected, Retryable, Unauthorised
from portal.api.errors import WRONG_BODY, ApiError
from portal.connections.access.linked import CannotLink

LATER: Final = 30


@contextmanager
def asked(*, blame: str = "") -> Iterator[None]:
    """Ask an outside system within the block. What it refuses is 400, at the setting that it names or else at `blame`;
    what may pass is 503; what cannot be as things stand is 409. In no case anything was changed."""
    try:
        yield
    except CannotLink as refusal:
        raise ApiError(409, str(refusal)) from refusal
    except Retryable as error:
        after = str(max(1, round(error.retry_after or LATER)))
        raise ApiError(503, error.message, headers={"Retry-After": after}) from error
    except (Rejected, Unauthorised) as error:
        raise ApiError(400, WRONG_BODY, details=[(error.field or blame, error.message)]) from error
    except IntegrationError as error:
        raise ApiError(503, error.message, headers={"Retry-After": str(LATER)}) from error
