"""What sends transactions, and the pages of sources that are read."""

from __future__ import annotations

from typing import Any, Final

from django.utils import timezone

from portal.connections.models import Connection
from portal.postings.models import Transaction
from portal.uat.models import Round
from tests.desk.walks import Walk

_ONE: Final = ("source",)


def _ids(transaction: Transaction) -> dict[str, Any]:
    """A round of acceptance tests, made once; its number is one that no other company of the walk has."""
    connection = Connection.objects.filter(company=transaction.company, integration="accessplanit").first()
    number = transaction.company.created_at.microsecond + 2
    if connection is not None:
        Round.objects.get_or_create(
            connection=connection, number=number, defaults={"began_at": timezone.now(), "began_by": "tests"}
        )
    return {"source": "accessplanit", "number": number, "step": "invoice-webhook"}


WALK: Final = Walk(
    company_pages={
        "sources": (),
        "fed-source": _ONE,
        "fed-source-test": _ONE,
        "fed-look": _ONE,
        "fed-fields": _ONE,
        "fed-fields-read": _ONE,
        "fed-token": _ONE,
        "fed-capture": _ONE,
        "fed-captured": _ONE,
        "fed-read": _ONE,
        "fed-progress": _ONE,
        "fed-log": _ONE,
        "fed-uat": _ONE,
        "fed-uat-begin": _ONE,
        "fed-uat-file": _ONE,
        "fed-uat-record": ("source", "number", "step"),
    },
    actions=frozenset(
        {
            "fed-source-test",
            "fed-look",
            "fed-fields-read",
            "fed-token",
            "fed-capture",
            "fed-read",
            "fed-uat-begin",
            "fed-uat-record",
        }
    ),
    no_page=frozenset({"fed-uat-file"}),
    ids=_ids,
)
