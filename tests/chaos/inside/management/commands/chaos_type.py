"""`manage.py chaos_type`: a person enters documents by hand in the accounting system, without the portal's key."""

from __future__ import annotations

import json
import time
from argparse import ArgumentParser
from dataclasses import replace
from typing import Any
from uuid import uuid4

from django.core.management.base import BaseCommand

from integrations.base import System
from integrations.documents import Awaiting, Document, IdempotencyKey, Posted
from integrations.errors import Retryable
from portal.postings.content import document_of
from portal.postings.inside import connector_for
from portal.postings.models import Posting
from tests.chaos.papers import KNOWN_ACCOUNT, UNKNOWN_ACCOUNT

TRIES = 10
AGAIN_AFTER_SECONDS = 0.5


class Command(BaseCommand):
    """Enter the documents of some postings."""

    help = "Enter documents by hand."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Which."""
        parser.add_argument("postings", nargs="+", type=int)

    def handle(self, *, postings: list[int], **options: Any) -> None:
        """Tell the key that each carries now, and its number, by the posting's id."""
        chosen = Posting.objects.filter(pk__in=postings).select_related("transaction", "connection__company")
        self.stdout.write(json.dumps({str(posting.pk): _typed(posting) for posting in chosen}))


def _typed(posting: Posting) -> dict[str, str]:
    """Whoever types knows nothing of our key; the one that it gets instead is a new one."""
    key = IdempotencyKey(str(uuid4()))
    posted = _entered(posting, _coded_anew(document_of(posting)), key)
    return {"key": key.value, "number": posted.number}


def _coded_anew(document: Document) -> Document:
    """A worker may have died before anybody could refuse an account that is not there: a person knows another."""
    lines = (
        replace(line, account_code=KNOWN_ACCOUNT) if line.account_code == UNKNOWN_ACCOUNT else line
        for line in document.lines
    )
    return replace(document, lines=tuple(lines))


def _entered(posting: Posting, document: Document, key: IdempotencyKey) -> Posted:
    """What is refused for now is entered again; it was not taken."""
    for _ in range(TRIES):
        system = connector_for(posting)
        try:
            result = system.post(document, key=key, reference=posting.transaction.number)
        except Retryable:
            time.sleep(AGAIN_AFTER_SECONDS)
        else:
            return result if isinstance(result, Posted) else _waited_for(posting, document, result)
    raise TimeoutError(f"{posting.transaction.number} could not be entered by hand.")


def _waited_for(posting: Posting, document: Document, result: Awaiting) -> Posted:
    for _ in range(TRIES * TRIES):
        time.sleep(AGAIN_AFTER_SECONDS)
        system: System = connector_for(posting)
        try:
            told = system.poll(document, operation=result.operation)
        except Retryable:
            continue
        if isinstance(told, Posted):
            return told
    raise TimeoutError(f"{posting.transaction.number} was entered by hand and is not booked.")
