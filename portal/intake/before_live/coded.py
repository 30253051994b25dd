"""The documents that came in before go-live, for whoever looks for codes that lack their like."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from integrations.content import from_json
from portal.intake.before_live.keeping import KEPT_AT_MOST
from portal.intake.before_live.models import KeptDryRun
from portal.intake.before_live.stored import UNREADABLE
from portal.postings.gaps import CameBefore
from portal.tenants.models import Company

AT_ONCE: Final = 20


def documents_before_live(company: Company) -> Iterator[CameBefore]:
    """Each once, the newest first, as far as they were read; at most as many as are kept. Nothing is asked before the
    first one is taken."""
    met = set[tuple[str, str]]()
    for each in _kept(company):
        identity = each.document.kind.value, each.document.identity
        if identity not in met:
            met.add(identity)
            yield each


def _kept(company: Company) -> Iterator[CameBefore]:
    """Of each dry run the document alone: all of them with their requests are some megabytes."""
    rows = KeptDryRun.objects.filter(company=company).order_by("-pk")
    wanted = rows.values_list("pk", "number", "result__document")[:KEPT_AT_MOST]
    for pk, number, document in wanted.iterator(chunk_size=AT_ONCE):
        try:
            if document:
                yield CameBefore(pk, number, from_json(document))
        except UNREADABLE:
            continue
