"""The pages of settings: links and their end, tokens, mails, export, and the audit trail.

Two are walked by tests/desk/company_settings/test_mails.py: what each member may send for themselves whatever their
role, and the page that ends mails, which is for whoever has its signed link.
"""

from __future__ import annotations

from typing import Any, Final

from portal.api import tokens
from portal.api.models import Scope
from portal.postings.models import Transaction
from tests.desk.walks import Walk


def _ids(transaction: Transaction) -> dict[str, Any]:
    tenant = transaction.company.tenant
    made = tenant.api_tokens.first() or tokens.issue(tenant, "Walked", [next(iter(Scope))], who="tests")[0]
    return {"token_id": made.pk}


WALK: Final = Walk(
    company_pages={
        "settings": (),
        "unlink": (),
        "unlink-source": (),
        "unlink-fed": ("source",),
        "close": (),
        "data-export": (),
        "audit": (),
    },
    tenant_pages={"organisation-audit": (), "api-tokens": (), "api-token-revoke": ("token_id",)},
    owned=frozenset({"unlink", "unlink-source", "unlink-fed", "close", "api-tokens", "api-token-revoke"}),
    open_to_all=frozenset({"mails", "mails-end"}),
    ids=_ids,
)
