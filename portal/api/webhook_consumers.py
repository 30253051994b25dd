"""A tenant's own webhook consumers and their messages, and what cannot be done with them, as answers of the API."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from portal.api import errors
from portal.api.errors import ApiError
from portal.api.paging import LARGEST_ID
from portal.events.webhooks.models import Consumer, Dispatch
from portal.events.webhooks.services import CannotDo, consumers_of
from portal.tenants.models import Company

MEMBERS: Final = {"event_types": "eventTypes"}
NO_COMPANY: Final = "There is no such company, or it is not yours."


def consumer_of(tenant_id: uuid.UUID, webhook_id: uuid.UUID, *, held: bool = False) -> Consumer:
    """One of the tenant's own, not deleted. `held`: nobody else changes it until the end of the transaction.

    Raises `ApiError` 404.
    """
    rows = consumers_of(tenant_id)
    rows = rows.select_for_update(no_key=True) if held else rows
    consumer = rows.filter(pk=webhook_id).first()
    if consumer is None:
        raise ApiError(404, errors.NOT_FOUND)
    return consumer


def message_of(consumer: Consumer, message_id: int) -> Dispatch:
    """One message to it, with what it tells. Raises `ApiError` 404."""
    rows = Dispatch.objects.filter(consumer=consumer).select_related("announcement")
    message = rows.filter(pk=message_id).first() if message_id <= LARGEST_ID else None
    if message is None:
        raise ApiError(404, errors.NOT_FOUND)
    message.consumer = consumer
    return message


def check_company(tenant_id: uuid.UUID, company_id: uuid.UUID | None) -> None:
    """Raises `ApiError` 400 for a company that is named and not one of the tenant's own."""
    if company_id is not None and not Company.objects.filter(pk=company_id, tenant_id=tenant_id).exists():
        raise ApiError(400, errors.WRONG_BODY, details=[("companyId", NO_COMPANY)])


@contextmanager
def as_asked() -> Iterator[None]:
    """Do something with a consumer within the block. What is wrong with a member is 400, everything else 409."""
    try:
        yield
    except CannotDo as refusal:
        if not refusal.field:
            raise ApiError(409, refusal.message) from refusal
        member = MEMBERS.get(refusal.field, refusal.field)
        raise ApiError(400, errors.WRONG_BODY, details=[(member, refusal.message)]) from refusal
