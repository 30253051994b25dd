"""The pages that every company has had from the beginning: transactions, iCompleat, reference data, raising."""

from __future__ import annotations

from typing import Any, Final

from portal.connections.models import Endpoint
from portal.postings.models import Transaction
from portal.reference.sync.models import SyncRun
from tests.desk.walks import Walk


def _ids(transaction: Transaction) -> dict[str, Any]:
    company = transaction.company
    return {
        "endpoint_id": Endpoint.objects.get(connection__company=company, connection__integration="icompleat").pk,
        "run": SyncRun.objects.get(company=company).pk,
        "kind": "supplier",
    }


WALK: Final = Walk(
    company_pages={
        "source": (),
        "source-test": (),
        "endpoints-open": (),
        "endpoint": ("endpoint_id",),
        "endpoint-token": ("endpoint_id",),
        "endpoint-discovery": ("endpoint_id",),
        "endpoint-capture": ("endpoint_id",),
        "endpoint-captured": ("endpoint_id",),
        "gaps": (),
        "gaps-file": (),
        "dry-run-form": (),
        "raising": (),
        "raising-confirm": (),
        "raising-template": (),
        "reference": (),
        "reference-progress": (),
        "sync-all": (),
        "runs": (),
        "run": ("run",),
        "run-progress": ("run",),
        "run-confirm": ("run",),
        "run-discard": ("run",),
        "run-cancel": ("run",),
        "records": ("kind",),
        "records-export": ("kind",),
        "schedule": ("kind",),
        "sync": ("kind",),
    },
    actions=frozenset(
        {
            "source-test",
            "endpoints-open",
            "endpoint-token",
            "endpoint-discovery",
            "endpoint-capture",
            "raising-confirm",
            "sync-all",
            "run-confirm",
            "run-discard",
            "run-cancel",
            "sync",
        }
    ),
    no_page=frozenset({"raising-template", "records-export"}),
    ids=_ids,
)
