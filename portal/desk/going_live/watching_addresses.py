"""A company's addresses as a page that watches them shows them, and when it looks again."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.urls import reverse

from portal.connections.models import Connection
from portal.desk.access import Place
from portal.desk.going_live.noticing import addresses
from portal.desk.going_live.watching import watch
from portal.desk.inbound import inbound


def watched(request: HttpRequest, place: Place, source: Connection | None, *, is_short: bool = False) -> dict[str, Any]:
    """What `deliveries.html` and `watch.html` need. It looks again soon while a dry run of what came is made, and ever
    more rarely while an address waits for its first delivery. Short is without the addresses themselves."""
    every = addresses(inbound(source, place.accounting() if source else None))
    address = reverse("desk:deliveries-watch", args=[place.company.pk])
    next_look = watch(
        f"{address}?short=yes" if is_short else address,
        tuple(each.shown for each in every),
        request.GET,
        is_moving=any(each.noticed and each.noticed.is_moving for each in every),
        is_waiting=any(each.waits for each in every),
    )
    return {
        "addresses": every,
        "watch": next_look,
        "is_short": is_short,
        "inbound": [each.inbound for each in every],
        "is_unfinished": not all(each.inbound.is_ready for each in every),
    }
