"""What sends transactions, and the pages of sources that are read."""

from __future__ import annotations

from typing import Any, Final

from portal.postings.models import Transaction
from tests.desk.walks import Walk

_ONE: Final = ("source",)


def _ids(_transaction: Transaction) -> dict[str, Any]:
    return {"source": "accessplanit"}


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
    },
    actions=frozenset({"fed-source-test", "fed-look", "fed-fields-read", "fed-token", "fed-capture", "fed-read"}),
    ids=_ids,
)
