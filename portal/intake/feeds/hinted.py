"""A call with a good token: kept raw like every delivery, and the record that it hints at put on the list."""

from __future__ import annotations

import time
from dataclasses import dataclass

from django.db.transaction import atomic
from django.utils import timezone

from integrations.base import Answer
from integrations.feeds import Call, FedSource
from portal.connections.models import Endpoint
from portal.intake import deliveries
from portal.intake.deliveries import Judgement
from portal.intake.endpoints import OpenEndpoint
from portal.intake.feeds.hints import note
from portal.intake.feeds.trying import hinting
from portal.intake.models import Verdict

METHOD = "x-http-method"


@dataclass(frozen=True, slots=True)
class Hinted:
    """What the source is answered, and whose hints are to be followed."""

    connection_id: str
    answer: Answer


def take(source: FedSource, endpoint: OpenEndpoint, call: Call) -> Hinted:
    """Keep the call, with its method among the headers, and note what it hints at; both are committed together."""
    began, now = time.monotonic(), timezone.now()
    connection = Endpoint.objects.select_related("connection__company").get(pk=endpoint.id).connection
    with atomic():
        delivery_id = deliveries.keep(endpoint, now, call.body, {**call.headers, METHOD: call.method})
        sentence = note(connection, hinting(connection).hinted(call), now)
        answer = source.acknowledge("", {"message": sentence})
        after_ms = round((time.monotonic() - began) * 1000)
        deliveries.end(delivery_id, Judgement(Verdict.HINT, sentence), answer, after_ms)
    return Hinted(str(connection.pk), answer)
